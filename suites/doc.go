// Package suites is the entry of the test binary, which measures. Its benchmarks take a block of
// every combination of a grid; its specs check that each loads and answers as it should.
//
//	go test -bench . ./suites -grid quick
//
// works as usual. The command crossover runs the same binary with the flag -job, one process at a
// time. The program itself is package internal/suite; all files here but this one are tests.
package suites
