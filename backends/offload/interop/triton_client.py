"""Tests Crossover's host with NVIDIA's Triton client.

Usage: triton_client.py ADDRESS MODEL INPUT DATATYPE SHAPE IN OUTPUT WANT. The file
IN holds the input tensor, and WANT the expected bytes of the first output. The
script makes every request that a user of the client would.
"""

import sys

import numpy as np
import tritonclient.grpc as triton
from tritonclient.grpc import service_pb2

address, model, name, datatype, shape, given, output, wanted = sys.argv[1:]
shape = [int(d) for d in shape.split(",")]
element = {"UINT8": np.uint8, "INT8": np.int8, "FP32": np.float32}[datatype]
tensor = np.frombuffer(open(given, "rb").read(), element).reshape(shape)
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

# Raw, as the client always sends it.
i = triton.InferInput(name, shape, datatype)
i.set_data_from_numpy(tensor)
result = client.infer(model, [i], request_id="17")
assert result.get_response().id == "17", "the id is not returned"
assert result.as_numpy(output).tobytes() == want, "raw: the scores differ from the local backend's"
assert result.get_response().parameters["crossover_total_ns"].int64_param > 0

# One output, requested by name.
result = client.infer(model, [i], outputs=[triton.InferRequestedOutput(output)])
assert result.as_numpy(output).tobytes() == want, "named: the scores differ"

# Typed, with the client's stubs, because the client itself cannot send it.
request = service_pb2.ModelInferRequest(model_name=model)
t = request.inputs.add(name=name, datatype=datatype, shape=shape)
contents = {"UINT8": t.contents.uint_contents, "INT8": t.contents.int_contents, "FP32": t.contents.fp32_contents}
field = contents[datatype]
field.extend(tensor.reshape(-1).tolist())
response = client._client_stub.ModelInfer(request)
scores = response.raw_output_contents[[o.name for o in response.outputs].index(output)]
assert scores == want, "typed: the scores differ"

# A wrong request is refused with the protocol's code.
try:
    client.infer("no-such-model", [i])
    raise SystemExit("an unknown model was served")
except triton.InferenceServerException as e:
    assert "NOT_FOUND" in e.status(), e
print("tritonclient: live, ready, metadata, index, raw, named, typed: equal to the bit")
