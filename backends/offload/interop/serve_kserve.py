"""KServe's Python server with one catalog variant: serve_kserve.py FILE GRPC_PORT.

Its default of three log lines per request is turned off, because the comparison
is of protocols and servers, not of logs.
"""

import logging
import sys

from kserve import InferOutput, InferResponse, Model, ModelServer

from variant_model import VariantModel


class Variant(Model):
    def __init__(self, path):
        super().__init__(path.rsplit("/", 1)[-1].removesuffix(".tflite"))
        self.variant = VariantModel(path)
        self.ready = True

    async def get_input_types(self):
        return [{"name": "image", "datatype": "UINT8", "shape": self.variant.image_shape}]

    async def get_output_types(self):
        return [{"name": "scores", "datatype": "INT8", "shape": self.variant.output_shape}]

    async def predict(self, payload, headers=None, response_headers=None):
        scores, took = self.variant.infer(payload.inputs[0].as_numpy())
        output = InferOutput(name="scores", shape=list(scores.shape), datatype="INT8")
        output.set_data_from_numpy(scores, binary_data=True)
        return InferResponse(
            response_id=payload.id,
            model_name=self.name,
            infer_outputs=[output],
            parameters={"crossover_exec_ns": took},
        )


for name in ("kserve", "kserve.trace"):
    logging.getLogger(name).setLevel(logging.WARNING)
path, port = sys.argv[1], int(sys.argv[2])
sys.argv[1:] = []  # the server would read them as its flags
ModelServer(http_port=port + 1, grpc_port=port, workers=1).start([Variant(path)])
