"""NVIDIA's Triton client against Crossover's host.

triton_client.py ADDRESS MODEL INPUT DATATYPE SHAPE IN OUTPUT WANT: reads the
input tensor from the file IN and the bytes that the first output must have from
WANT, and asks everything that a user of the client would.
"""

import sys

import numpy as np
import tritonclient.grpc as triton
from tritonclient.grpc import service_pb2

address, model, name, datatype, shape, given, output, wanted = sys.argv[1:]
shape = [int(d) for d in shape.split(",")]
tensor = np.frombuffer(open(given, "rb").read(), {"UINT8": np.uint8, "INT8": np.int8, "FP32": np.float32}[datatype]).reshape(shape)
want = open(wanted, "rb").read()

client = triton.InferenceServerClient(address)
assert client.is_server_live(), "not live"
assert client.is_server_ready(), "not ready"
assert client.is_model_ready(model), "the model is not ready"
assert client.get_server_metadata().name == "crossover"
metadata = client.get_model_metadata(model)
assert [i.name for i in metadata.inputs] == [name], metadata
assert metadata.inputs[0].datatype == datatype and list(metadata.inputs[0].shape) == shape, metadata
assert output in [o.name for o in metadata.outputs], metadata
assert model in [m.name for m in client.get_model_repository_index().models]

# Raw, as the client always sends.
i = triton.InferInput(name, shape, datatype)
i.set_data_from_numpy(tensor)
result = client.infer(model, [i], request_id="17")
assert result.get_response().id == "17", "the id does not come back"
assert result.as_numpy(output).tobytes() == want, "raw: the scores differ from the local backend's"
assert result.get_response().parameters["crossover_total_ns"].int64_param > 0

# One output, asked for by name.
result = client.infer(model, [i], outputs=[triton.InferRequestedOutput(output)])
assert result.as_numpy(output).tobytes() == want, "named: the scores differ"

# Typed, with the same stubs: the client itself has no way to send it.
request = service_pb2.ModelInferRequest(model_name=model)
t = request.inputs.add(name=name, datatype=datatype, shape=shape)
field = {"UINT8": t.contents.uint_contents, "INT8": t.contents.int_contents, "FP32": t.contents.fp32_contents}[datatype]
field.extend(tensor.reshape(-1).tolist())
response = client._client_stub.ModelInfer(request)
assert response.raw_output_contents[[o.name for o in response.outputs].index(output)] == want, "typed: the scores differ"

# What is wrong is refused with the protocol's codes.
try:
    client.infer("no-such-model", [i])
    raise SystemExit("an unknown model was served")
except triton.InferenceServerException as e:
    assert "NOT_FOUND" in e.status(), e
print("tritonclient: live, ready, metadata, index, raw, named, typed: equal to the bit")
