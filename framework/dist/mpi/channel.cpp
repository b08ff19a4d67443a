// libcf_mpi.so: MPI behind the seam of framework/dist/mpi_module.h.
#include <mpi.h>

#include <array>

#include "framework/core/check.h"
#include "framework/dist/mpi_module.h"

namespace cf {
namespace {

void check_mpi(int status, const char* what) {
  if (status == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> words{};
  int length = 0;
  MPI_Error_string(status, words.data(), &length);
  fail("ranks: MPI, {}: {}", what, words.data());
}

class Request final : public MpiRequest {
 public:
  explicit Request(const char* what) : what_(what) {}
  bool done() override {
    int flag = 0;
    check_mpi(MPI_Test(&raw_, &flag, MPI_STATUS_IGNORE), what_);
    return flag != 0;
  }
  MPI_Request& raw() { return raw_; }

 private:
  const char* what_;
  MPI_Request raw_ = MPI_REQUEST_NULL;
};

// Begins an operation by `begin(request)`, which returns MPI's status.
template <class F>
MpiChannel::Request started(const char* what, F&& begin) {
  auto request = std::make_unique<Request>(what);
  check_mpi(begin(&request->raw()), what);
  return request;
}

int counted(std::int64_t count) {
  check(count >= 0 && count <= kMpiMost, "ranks: MPI, {} elements in one operation", count);
  return static_cast<int>(count);
}

class Channel final : public MpiChannel {
 public:
  explicit Channel(bool threads) : threads_(threads) {
    // A communicator of its own, so that nobody else's messages mix with ours.
    check_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &world_), "opening a communicator");
    check_mpi(MPI_Comm_set_errhandler(world_, MPI_ERRORS_RETURN), "opening a communicator");
    check_mpi(MPI_Comm_rank(world_, &rank_), "asking for the rank");
    check_mpi(MPI_Comm_size(world_, &size_), "asking for the number of ranks");
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  bool threads() const override { return threads_; }

  MpiChannel::Request sum(void* data, std::int64_t count, bool doubles) override {
    return started("summing", [&](MPI_Request* request) {
      return MPI_Iallreduce(MPI_IN_PLACE, data, counted(count), doubles ? MPI_DOUBLE : MPI_FLOAT, MPI_SUM, world_, request);
    });
  }
  MpiChannel::Request broadcast(void* data, std::int64_t bytes, int root) override {
    return started("broadcasting", [&](MPI_Request* r) { return MPI_Ibcast(data, counted(bytes), MPI_BYTE, root, world_, r); });
  }
  MpiChannel::Request gather(const void* mine, std::int64_t bytes, void* all) override {
    return started("gathering", [&](MPI_Request* request) {
      return MPI_Iallgather(mine, counted(bytes), MPI_BYTE, all, counted(bytes), MPI_BYTE, world_, request);
    });
  }
  MpiChannel::Request send(const void* data, std::int64_t bytes, int to) override {
    return started("sending", [&](MPI_Request* r) { return MPI_Isend(data, counted(bytes), MPI_BYTE, to, kTag, world_, r); });
  }
  MpiChannel::Request receive(void* data, std::int64_t bytes, int from) override {
    return started("receiving", [&](MPI_Request* r) { return MPI_Irecv(data, counted(bytes), MPI_BYTE, from, kTag, world_, r); });
  }
  MpiChannel::Request barrier() override {
    return started("meeting", [&](MPI_Request* request) { return MPI_Ibarrier(world_, request); });
  }
  void finish() override {
    check_mpi(MPI_Comm_free(&world_), "closing a communicator");
    check_mpi(MPI_Finalize(), "ending");
  }

 private:
  static constexpr int kTag = 1;

  MPI_Comm world_ = MPI_COMM_NULL;
  int rank_ = 0;
  int size_ = 1;
  bool threads_;
};

std::unique_ptr<MpiChannel> open() {
  int provided = MPI_THREAD_SINGLE;
  check_mpi(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided), "starting");
  check_mpi(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "starting");
  return std::make_unique<Channel>(provided >= MPI_THREAD_SERIALIZED);
}

std::string library() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> words{};
  int length = 0;
  MPI_Get_library_version(words.data(), &length);
  const std::string text(words.data());
  return text.substr(0, text.find(','));
}

constexpr MpiModule kModule = {kMpiSeam, open, library};

}  // namespace
}  // namespace cf

extern "C" const cf::MpiModule* cf_mpi_module() { return &cf::kModule; }
