"""One quantized catalog variant, for servers written in Python.

It takes the image, as Crossover's host does, and returns the time of the
invocation alone, so that all servers are measured the same way. The interpreter
is ai-edge-litert with one thread; it applies XNNPACK by default.
"""

import time

import numpy as np
from ai_edge_litert.interpreter import Interpreter


class VariantModel:
    def __init__(self, path):
        self.interpreter = Interpreter(model_path=path, num_threads=1)
        self.interpreter.allocate_tensors()
        self.input = self.interpreter.get_input_details()[0]
        self.output = self.interpreter.get_output_details()[0]
        scale, zero_point = self.input["quantization"]
        # A table from byte to element: preprocessing "tf", then quantization with
        # halves rounded to even, like the Go code.
        real = np.arange(256, dtype=np.float32) / np.float32(127.5) - np.float32(1)
        self.table = np.clip(np.round(real.astype(np.float64) / scale) + zero_point, -128, 127).astype(np.int8)
        self.infer(np.zeros(self.image_shape, np.uint8))

    @property
    def image_shape(self):
        return [int(d) for d in self.input["shape"]]

    @property
    def output_shape(self):
        return [int(d) for d in self.output["shape"]]

    def infer(self, image):
        """Returns the scores and the nanoseconds that the invocation took."""
        self.interpreter.set_tensor(self.input["index"], self.table[image.reshape(self.image_shape)])
        start = time.perf_counter_ns()
        self.interpreter.invoke()
        took = time.perf_counter_ns() - start
        return self.interpreter.get_tensor(self.output["index"]), took
