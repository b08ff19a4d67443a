// GDAL's complaints, gathered instead of printed.
#pragma once

#include <cpl_error.h>

#include <string>
#include <vector>

namespace cf::gdal {

// While alive, collects what GDAL reports as a failure on this thread.
class Errors {
 public:
  Errors() {
    CPLErrorReset();
    CPLPushErrorHandlerEx(&Errors::note, this);
  }
  ~Errors() { CPLPopErrorHandler(); }
  Errors(const Errors&) = delete;
  Errors& operator=(const Errors&) = delete;

  bool any() const { return !texts_.empty(); }
  // The first complaints: those that follow are mostly their consequences.
  std::string text() const {
    if (texts_.empty()) return "GDAL gives no reason";
    return texts_.size() == 1 ? texts_[0] : texts_[0] + "; " + texts_[1];
  }

 private:
  static void CPL_STDCALL note(CPLErr kind, CPLErrorNum, const char* text) {
    auto* self = static_cast<Errors*>(CPLGetErrorHandlerUserData());
    if (kind < CE_Failure || self->texts_.size() == 2) return;
    std::string line(text);
    while (!line.empty() && (line.back() == '\n' || line.back() == '.')) line.pop_back();
    if (self->texts_.empty() || self->texts_[0] != line) self->texts_.push_back(std::move(line));
  }

  std::vector<std::string> texts_;
};

}  // namespace cf::gdal
