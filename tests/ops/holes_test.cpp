// A backend is a filled-in form: no field may be left blank.
#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <type_traits>

#include "kernels/table.h"

using namespace cf;

namespace {

using Kernel = void (*)();

template <class Family>
void check_filled(const char* backend, std::size_t family_index, const Family& family) {
  CAPTURE(backend);
  CAPTURE(family_index);
  static_assert(std::is_trivially_copyable_v<Family>);
  if constexpr (std::is_empty_v<Family>) {
    FAIL_CHECK("the family has no kernels");
  } else {
    static_assert(sizeof(Family) % sizeof(Kernel) == 0, "a family is an array of function pointers and nothing else");
    std::array<Kernel, sizeof(Family) / sizeof(Kernel)> kernels;
    std::memcpy(kernels.data(), &family, sizeof family);
    for (std::size_t field = 0; field < kernels.size(); ++field) {
      CAPTURE(field);
      const bool filled = kernels[field] != nullptr;
      CHECK(filled);
    }
  }
}

}  // namespace

TEST_CASE("every kernel of every backend is there") {
  for (const Backend backend : {Backend::reference, Backend::cpu}) {
    // Names every member: a new family does not compile until it is listed.
    const auto& [name, elementwise, reduce, layout, random, softmax, loss, fused, matmul, conv, pool, norm, resize, fft, wavelet,
                 laconv, attention, fmim, optim, patches] = kernel_table(backend);
    const char* backend_name = name;
    std::size_t index = 0;
    const auto walk = [&](const auto&... families) { (check_filled(backend_name, index++, families), ...); };
    walk(elementwise, reduce, layout, random, softmax, loss, fused, matmul, conv, pool, norm, resize, fft, wavelet, laconv,
         attention, fmim, optim, patches);
  }
}
