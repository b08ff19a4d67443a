// A library that is loaded when it is first needed instead of when the program starts: linking NVIDIA's would cost every start,
// even of `cfrun --version`, the loading of half a gigabyte, and without them nothing would run, not even on the CPU.
#pragma once

#include <dlfcn.h>

#include <sstream>
#include <string>
#include <utility>

#include "framework/core/check.h"

// Folders, separated by colons, in which the libraries lay when this was built.
#ifndef CF_CUDA_LIBRARY_DIRS
#define CF_CUDA_LIBRARY_DIRS ""
#endif

namespace cf::cuda {

class SharedLibrary {
 public:
  // `file`: such as "libcudnn.so.9", found as the system finds libraries, else where it lay when this program was built.
  // `advice`: what to install, for the message of the Error that is thrown where there is none.
  SharedLibrary(std::string file, std::string advice) : file_(std::move(file)), advice_(std::move(advice)) {
    handle_ = dlopen(file_.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle_ != nullptr) return;
    const std::string reason = dlerror();
    std::istringstream folders(CF_CUDA_LIBRARY_DIRS);
    for (std::string folder; handle_ == nullptr && std::getline(folders, folder, ':');) {
      handle_ = dlopen((folder + "/" + file_).c_str(), RTLD_NOW | RTLD_LOCAL);
    }
    check(handle_ != nullptr, "{} cannot be loaded: {}. {}", file_, reason, advice_);
  }

  // Sets `function` to the library's function of that name:  library.find(api.create, "cudnnCreate");
  template <class F>
  void find(F*& function, const char* name) const {
    function = reinterpret_cast<F*>(dlsym(handle_, name));
    check(function != nullptr, "{} has no function {}: it is not of the version that this program was built with. {}", file_,
          name, advice_);
  }

 private:
  std::string file_;
  std::string advice_;
  void* handle_;  // never closed: plans and handles of the library may be alive until the process ends
};

}  // namespace cf::cuda
