"""Compares the latency of this project's backend with ai-edge-litert.

Both sides open the same file with the same number of threads. For each inference
both set the inputs and read the outputs, as any user of a network must, and only
the invocation is timed. (Repeated invocations on the same input find warmer caches
and threads that still spin: with two threads either side looks up to a tenth
faster.) The sides take turns in rounds, in random order, so that disturbances
affect both. A round's figure is the median of its inferences. The table gives the
median over the rounds, and for the ratio of the rounds (ours / theirs) the median
with its order-statistic interval of at least 95 % confidence.

Exit status: 0; 1 if a ratio's median is above the limit; 2 if a measurement failed
or the two sides compute different results.
"""

import argparse
import base64
import json
import math
import pathlib
import random
import statistics
import subprocess
import sys
import time

import numpy as np
from ai_edge_litert.interpreter import Interpreter

FILES = [
    f"{model}-128-{compression}.tflite"
    for model in ("mobilenet", "vgg16", "resnet50")
    for compression in ("none", "pq")
]
WARMUP_S = 0.5  # of each side, before the first round


class Failure(Exception):
    """Ends the comparison; the message is for people."""


class Ours:
    """The Go side: one process for the whole comparison."""

    name = "crossover"

    def __init__(self, program):
        self.process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise Failure(f"our side ended with status {self.process.wait()}")
        reply = json.loads(line)
        if "error" in reply:
            raise Failure(reply["error"])
        return reply

    def open(self, path, threads, inputs):
        encoded = [base64.b64encode(x.tobytes()).decode() for x in inputs]
        reply = self.ask(open=str(path), threads=threads, inputs=encoded)
        return [base64.b64decode(x) for x in reply["outputs"]]

    def run(self, count):
        return self.ask(run=count)["exec_ns"]


class Theirs:
    """The Python package, in this process."""

    name = "ai-edge-litert"

    def open(self, path, threads, inputs):
        self.interpreter = interpreter = Interpreter(str(path), num_threads=threads)
        interpreter.allocate_tensors()
        self.inputs = [(d["index"], x) for d, x in zip(interpreter.get_input_details(), inputs)]
        self.outputs = [d["index"] for d in interpreter.get_output_details()]
        self.infer()
        return [interpreter.get_tensor(i) for i in self.outputs]

    def infer(self):
        """One inference; returns the nanoseconds of the invocation alone."""
        interpreter, clock = self.interpreter, time.perf_counter_ns
        for index, x in self.inputs:
            interpreter.set_tensor(index, x)
        start = clock()
        interpreter.invoke()
        took = clock() - start
        for index in self.outputs:
            interpreter.get_tensor(index)
        return took

    def run(self, count):
        return [self.infer() for _ in range(count)]


def random_inputs(path, rng):
    """Inputs with the file's types and shapes."""
    inputs = []
    for detail in Interpreter(str(path)).get_input_details():
        dtype, shape = np.dtype(detail["dtype"]), detail["shape"]
        if dtype.kind == "f":
            inputs.append(rng.uniform(-1, 1, shape).astype(dtype))
        else:
            limits = np.iinfo(dtype)
            inputs.append(rng.integers(limits.min, limits.max, shape, dtype, True))
    return inputs


def check_same(path, ours, theirs):
    """Different kernels may round differently, but the result must be the same."""
    for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        a = np.frombuffer(a, b.dtype).reshape(b.shape).astype(float)
        b = b.astype(float)
        allowed = 0.05 * max(float(np.ptp(b)), 1e-6)
        worst = float(np.max(np.abs(a - b)))
        if not worst <= allowed:  # NaN too
            raise Failure(f"{path}: output {i} differs by {worst:g}; {allowed:g} is allowed")


def median_interval(values):
    """The order-statistic interval of the median, at least 95 % confidence."""
    values, n = sorted(values), len(values)
    tail, k = 0.0, 0
    while k < n // 2 and tail + math.comb(n, k) * 0.5**n <= 0.025:
        tail += math.comb(n, k) * 0.5**n
        k += 1
    if k == 0:
        raise Failure(f"{n} rounds are too few for an interval; want at least 6")
    return values[k - 1], values[n - k]


def compare(path, threads, ours, theirs, rounds, seconds, rng, order):
    """One row: the median time of each side in ns and the ratios of the rounds."""
    inputs = random_inputs(path, rng)
    check_same(path, ours.open(path, threads, inputs), theirs.open(path, threads, inputs))
    counts = {}
    for side in (ours, theirs):
        until, last = time.monotonic() + WARMUP_S, side.run(1)
        while time.monotonic() < until:
            last = side.run(1)
        counts[side] = max(3, round(seconds * 1e9 / last[0]))
    medians = {ours: [], theirs: []}
    for _ in range(rounds):
        turns = [ours, theirs]
        order.shuffle(turns)
        for side in turns:
            side.run(2)  # evicts the other side's data from the caches
            medians[side].append(statistics.median(side.run(counts[side])))
    ratios = [a / b for a, b in zip(medians[ours], medians[theirs])]
    return statistics.median(medians[ours]), statistics.median(medians[theirs]), ratios


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True, help="our side, built from this folder")
    parser.add_argument("--models", type=pathlib.Path, default=pathlib.Path("fixtures/models"))
    parser.add_argument("--files", nargs="+", default=FILES, metavar="FILE")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2], metavar="N")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.3, help="of each side in a round")
    parser.add_argument("--limit", type=float, default=1.10, help="of the ratio's median")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()

    missing = [f for f in args.files if not (args.models / f).is_file()]
    if missing:
        raise Failure(f"not in {args.models}: {', '.join(missing)}; make fixtures builds them")
    if args.rounds < 6:
        raise Failure("--rounds: want at least 6, for an interval")
    ours, theirs = Ours(args.program), Theirs()
    rng, order = np.random.default_rng(args.seed), random.Random(args.seed)
    slower = []
    print(f"| model | threads | {ours.name} ms | {theirs.name} ms | ratio | 95 % interval |")
    print("|---|---:|---:|---:|---:|---|", flush=True)
    for name in args.files:
        for threads in args.threads:
            a, b, ratios = compare(
                args.models / name, threads, ours, theirs, args.rounds, args.seconds, rng, order
            )
            ratio, (low, high) = statistics.median(ratios), median_interval(ratios)
            title = name.removesuffix(".tflite")
            print(
                f"| {title} | {threads} | {a / 1e6:.3f} | {b / 1e6:.3f}"
                f" | {ratio:.3f} | {low:.3f} to {high:.3f} |",
                flush=True,
            )
            if ratio > args.limit:
                slower.append(f"{title} with {threads} threads: {ratio:.3f}")
    if slower:
        print(f"slower than {args.limit} times: {'; '.join(slower)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print(f"compare-litert: {failure}", file=sys.stderr)
        sys.exit(2)
