"""MLServer with one catalog variant: serve_mlserver.py FILE GRPC_PORT.

One process without parallel workers: a pool would add a hand-over between
processes to each request, which does not help a single client.
"""

import asyncio
import sys

from mlserver import MLModel, MLServer, ModelSettings, Settings
from mlserver.codecs import NumpyCodec
from mlserver.settings import ModelParameters
from mlserver.types import InferenceResponse, MetadataTensor, Parameters

from variant_model import VariantModel


class Variant(MLModel):
    async def load(self):
        self.variant = VariantModel(self.settings.parameters.uri)
        self.inputs = [MetadataTensor(name="image", datatype="UINT8", shape=self.variant.image_shape)]
        self.outputs = [MetadataTensor(name="scores", datatype="INT8", shape=self.variant.output_shape)]
        return True

    async def predict(self, payload):
        scores, took = self.variant.infer(NumpyCodec.decode_input(payload.inputs[0]))
        return InferenceResponse(
            model_name=self.name,
            outputs=[NumpyCodec.encode_output("scores", scores)],
            parameters=Parameters(crossover_exec_ns=took),
        )


async def main(path, port):
    server = MLServer(Settings(
        host="127.0.0.1", grpc_port=port, http_port=port + 1, metrics_port=port + 2,
        parallel_workers=0, debug=False, load_models_at_startup=False,
    ))
    name = path.rsplit("/", 1)[-1].removesuffix(".tflite")
    await server.start([ModelSettings(name=name, implementation=Variant, parameters=ModelParameters(uri=path))])


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
