// Package results writes what a run leaves on disk and reads it again: raw samples, benchmark lines
// and the machine's state. Everything that judges or reports works on this package's types, so a
// recorded run is judged as a new one is.
//
// The types in order of use:
//
//  1. The measuring program fills a [Block], one combination in one round, with a [Sample] for each
//     inference, and sets a [Mark] for each disturbance. It sends the block as an [Event] over a
//     pipe ([EventWriter], [EventReader]), so a crash loses one block at most.
//  2. The command creates the run folder ([Create]) or continues one ([Resume]). Its [Writer] is
//     the only writer of the folder. It appends the blocks ([Writer.AppendBlock]), and records what
//     the run says about itself ([Meta]) and what became of each combination ([Ledger]).
//  3. Whoever judges or reports opens the folder as a [Run] ([Open]). A [Statistic] of a [Quantity]
//     is what a block says; package summary collects them over a combination's rounds. [LeaveOut]
//     is the one definition of the marked samples that are not judged.
//
// # The run folder
//
//	samples.csv.gz  every inference, one closed gzip member per block
//	bench.txt       one line per block with a judged sample, in the Go benchmark format (see Metrics)
//	run.json        Meta and Ledger
//
// samples.csv.gz is the truth: a block exists once its member is complete. Its first row has the
// phase "open", the time to open as total_sec and, as JSON in the column note, what concerns the
// block as a whole. One row per inference follows. Times are in seconds, sizes in bytes. Only the
// file's first member starts with the column names, so the uncompressed file is one table.
//
// A block is committed in this order: (1) its member is appended by a single write and synced to
// the disk; (2) its line is appended to bench.txt; (3) run.json is replaced by way of a temporary
// file, sync and rename. A kill between two steps therefore leaves at most an incomplete last
// member, a bench.txt whose last line is missing or incomplete, and a run.json that is one block
// behind. [Open] reads all of these and says so in Run.Notes. [Resume] repairs them: it cuts off
// the incomplete member and rewrites bench.txt from the samples. Any other damage is an error that
// names the file and the place.
//
// If a write fails (disk full, folder read-only), the file is cut back to the last complete block,
// the error says so, and the Writer accepts no more.
package results
