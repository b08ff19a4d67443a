// The watch over the ranks of a run: where one dies, hangs or fails, all end, and its rank, host and reason are named.
//
// Each rank has a thread for it and a connection to rank 0, apart from the connections that sums travel on, so that it notices
// also where a rank blocks in a sum. Without ranks everything here does nothing.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace cf {

class ProcessGroup;

// What ended the run.
struct Verdict {
  int rank = 0;  // the culprit
  std::string host;
  std::string reason;
  int code = 1;              // exit code
  std::string text() const;  // "rank 1 on node7: reason"
};

namespace watch {

// This rank gets on. Called once per step of every loop that may take long (training steps, validated images, fused parts);
// costs nothing.
void progress();
// The run ends where a rank has not called progress() for so long, the time left out in which it waits for other ranks or its
// process was suspended. 0, as it begins: it may take any time. The same on all ranks.
void set_hang_seconds(double seconds);

struct Options {
  // After so long without a sign of life, of its watch, a rank counts as lost.
  double silence_seconds = 6;
  // After a verdict a process ends itself after so long, whatever it does.
  double grace_seconds = 3;
  // Called once, by a thread of its own, on rank 0, or where that is lost on rank 1.
  std::function<void(const Verdict&)> announce;
};

// Opens it over the ranks of `group`; all of them call it. Throws Error where a rank cannot reach rank 0's machine.
void open(ProcessGroup& group, Options options);
// Tells all ranks that this one fails, and returns when rank 0 has announced what ended the run: this, or what came before.
// The process must end then, by std::_Exit.
Verdict report_failure(const std::string& reason, int code);
// Returns when all ranks have come here: their work is done. Throws Error where one fails instead.
void leave();

// For groups: what waits for other ranks.

std::optional<Verdict> verdict();
// Throws Error where there is a verdict.
void throw_verdict();
// Returns when ready() says true, which it is asked again and again. Throws as throw_verdict().
void wait_until(const std::function<bool()>& ready);
// A connection to `rank` broke. Throws Error, with the verdict where it comes within two seconds.
[[noreturn]] void lost(int rank);
// Asked about once in half a second by the watch's thread, until it is taken away by null: a text is a failure of this rank.
void set_probe(std::function<std::string()> probe);

}  // namespace watch
}  // namespace cf
