// Package results is what a run leaves on disk and how it is read again: the
// raw samples, the benchmark lines and the state of the machine. Everything
// that judges or reports works on this package's types, on a recorded run as
// well as on one just made.
//
// The test binary measures and the command keeps:
//
//  1. The test binary sends each [Block] as an [Event] over a pipe
//     ([EventWriter], [EventReader]), so a crash of it loses one block.
//  2. The command, the one writer of the run folder, appends the block
//     ([Writer.AppendBlock]).
//  3. Whoever judges or reports opens the folder ([Open]) and works on the
//     blocks, or on their summaries ([Summarize]).
//
// # The run folder
//
//	samples.csv.gz  every inference, one closed gzip member a block
//	bench.txt       one line a block in the Go benchmark format
//	run.json        Meta and Ledger
//
// samples.csv.gz is the truth: a block counts when its member is whole. Its
// first row has the phase "open", opening's time as total_sec and, as JSON in
// the column note, what concerns the block as a whole; then comes one row an
// inference. Times are seconds, sizes bytes. Only the file's first member
// starts with the column names, so the uncompressed file is one table.
//
// A block is committed in this order: (1) its member is appended by a single
// write and synced to the disk; (2) its line is appended to bench.txt; (3)
// run.json is replaced through a temporary file, sync and rename. A kill
// between two steps therefore leaves at most a cut last member, a bench.txt
// that lacks its last line or has it cut, and a run.json one block behind.
// [Open] reads all of these and says so in Run.Notes; [Resume] repairs them:
// it cuts the torn member off and writes bench.txt anew from the samples.
// Anything else is damage, and an error that names file and place.
//
// When a write fails (disk full, folder read-only) the file is cut back to the
// last whole block, the error says so, and the Writer takes no more.
package results
