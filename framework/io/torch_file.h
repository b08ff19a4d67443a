// PyTorch's files (.pth, .pt): what torch.save wrote, as a zip archive or in the older sequential format.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "framework/io/named_tensors.h"

namespace cf {

struct TorchFile {
  NamedTensors tensors;  // weights in PyTorch's order of dimensions; tensors may share memory
  // What was chosen and left out, one sentence each, for the user to read.
  std::vector<std::string> notes;
};

// Names are the dictionary's keys; keys of nested dictionaries and indices of lists are joined by dots. Which dictionary:
//
//   part given      the one under that key of the outermost dictionary
//   otherwise       the outermost one where it holds tensors itself; else the first that is there of "ema", "ema_state_dict",
//                   "params_ema", "state_dict", "model_state_dict", "model", "net", "params"; else all of it
//
// and a "module." or "_orig_mod." that every name begins with is left out; in names, everything but printable ASCII becomes '?'.
// Half precision becomes f32, signed integers i64, truth values u8.
//
// The pickle inside is read as data (framework/io/pickle.h): what calls anything but the functions that rebuild tensors is
// refused by name. Nothing is allocated that the file's size does not warrant. Throws Error naming the file where it is none of
// PyTorch's, truncated, damaged, big-endian or holds no tensors.
TorchFile read_torch(const std::filesystem::path& path, const std::string& part = {});

}  // namespace cf
