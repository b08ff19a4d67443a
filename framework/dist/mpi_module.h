// The seam between the program and libcf_mpi.so, the module that links MPI.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace cf {

// An operation of MPI that was begun.
class MpiRequest {
 public:
  virtual ~MpiRequest() = default;
  // Whether it has ended; moves it and all others on. Throws Error where MPI reports one.
  virtual bool done() = 0;
};

// The ranks that mpirun or srun started. Calls come one at a time, though from several threads where `threads`. What an operation
// reads or writes stays where it is until it is done. Each is called by all ranks in the same order, send and receive by the two.
class MpiChannel {
 public:
  using Request = std::unique_ptr<MpiRequest>;

  virtual ~MpiChannel() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  virtual bool threads() const = 0;
  // Sums of `count` floats, or doubles, in place.
  virtual Request sum(void* data, std::int64_t count, bool doubles) = 0;
  virtual Request broadcast(void* data, std::int64_t bytes, int root) = 0;
  // `bytes` of every rank, by rank.
  virtual Request gather(const void* mine, std::int64_t bytes, void* all) = 0;
  virtual Request send(const void* data, std::int64_t bytes, int to) = 0;
  virtual Request receive(void* data, std::int64_t bytes, int from) = 0;
  virtual Request barrier() = 0;
  // All ranks have ended their work.
  virtual void finish() = 0;
};

struct MpiModule {
  int version;  // kMpiSeam of the module; another is refused
  // Once in a process. Throws Error where MPI cannot be started.
  std::unique_ptr<MpiChannel> (*open)();
  std::string (*library)();
};

// Changes with what is above.
constexpr int kMpiSeam = 1;
// Elements or bytes of one operation, which MPI counts in an int.
constexpr std::int64_t kMpiMost = std::int64_t{1} << 30U;

// The module, loaded by the first call. Throws Error where this program was built without it or it cannot be loaded.
const MpiModule& mpi_module();

}  // namespace cf

// What the module exports.
extern "C" const cf::MpiModule* cf_mpi_module();
