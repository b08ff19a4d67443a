// Ranks: processes that train one network together, each on its share of every batch, or share the tiles of one scene.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "framework/tensor/tensor.h"

namespace cf {

// A sum that was begun and may still be on its way.
class PendingSum {
 public:
  virtual ~PendingSum() = default;
  // Once. On the CPU returns when the tensor holds the sum; on a GPU later work of the computing stream comes after it, and the
  // host does not wait.
  virtual void wait() = 0;
};

// All ranks make the same calls in the same order; a call returns on no rank before it was made on those that it needs. Tensors
// are contiguous, f32 or f64, on the device that the group was opened for, equal in shape on all ranks. Throws Error, on every
// rank that still lives, where a rank died, named another program, or made no progress in time (framework/dist/watch.h).
class ProcessGroup {
 public:
  virtual ~ProcessGroup() = default;

  virtual int rank() const = 0;  // 0 ... size() - 1
  virtual int size() const = 0;
  virtual std::string backend() const = 0;  // "single", "mpi" or "nccl"

  // The sum over all ranks, in place, bit-equal on all of them. How it is rounded depends on the number of ranks.
  virtual void sum(const Tensor& values) = 0;
  // The same beside what this rank computes meanwhile; `values` belongs to the sum until its wait(). Several may be under way;
  // they are waited for in the order they were begun.
  virtual std::unique_ptr<PendingSum> begin_sum(const Tensor& values) = 0;
  // As sum(), by the fixed binary tree in which rank r takes in rank r + 2^i, i = 0, 1, ...: the upper part of the tree over
  // equal parts of a batch that a deterministic run adds up, whatever the number of ranks. Needs a power of two of ranks.
  virtual void tree_sum(const Tensor& values) = 0;
  // The tensor of rank `root` on all ranks.
  virtual void broadcast(const Tensor& values, int root) = 0;

  // Messages of the host, of any length. broadcast gives root's text; all_gather everybody's by rank.
  virtual std::string broadcast_text(const std::string& text, int root) = 0;
  virtual std::vector<std::string> all_gather_text(const std::string& text) = 0;
  // As all_gather_text(), on rank 0 alone; nothing elsewhere. For texts that are too large to be everywhere.
  virtual std::vector<std::string> gather_text(const std::string& text) {
    std::vector<std::string> all = all_gather_text(text);
    return rank() == 0 ? all : std::vector<std::string>();
  }
  virtual void barrier() = 0;
};

// The group of one process, in which every sum is what it was.
std::unique_ptr<ProcessGroup> single_group();

}  // namespace cf
