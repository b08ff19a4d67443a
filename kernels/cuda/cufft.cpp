// Fourier transforms of planes by cuFFT.
#include <cufft.h>

#include <array>
#include <mutex>
#include <utility>

#include "framework/core/device_services.h"
#include "kernels/cuda/context.h"
#include "kernels/cuda/library.h"
#include "kernels/cuda/plan_cache.h"
#include "kernels/cuda/shared_library.h"
#include "kernels/cuda/workspace.h"

namespace cf::cuda {

template <>
struct StatusWords<cufftResult> {
  static bool succeeded(cufftResult status) { return status == CUFFT_SUCCESS; }
  static std::string describe(cufftResult status);
};

std::string StatusWords<cufftResult>::describe(cufftResult status) {
  const char* words = "an error that this program does not know";
  switch (status) {
    case CUFFT_ALLOC_FAILED: words = "out of GPU memory"; break;
    case CUFFT_INVALID_SIZE: words = "a size that it cannot transform"; break;
    case CUFFT_INVALID_VALUE: words = "an argument that it refuses"; break;
    case CUFFT_INTERNAL_ERROR: words = "an error of the driver or its own"; break;
    case CUFFT_EXEC_FAILED: words = "the transform could not be started"; break;
    case CUFFT_SETUP_FAILED: words = "it could not be started"; break;
    case CUFFT_UNALIGNED_DATA: words = "misaligned data"; break;
    case CUFFT_INVALID_DEVICE: words = "the plan belongs to another device"; break;
    case CUFFT_MISSING_DEPENDENCY:
    case CUFFT_NVRTC_FAILURE:
    case CUFFT_NVJITLINK_FAILURE: words = "a library that it compiles kernels with is missing or fails (nvrtc, nvJitLink)"; break;
    default: break;
  }
  return fmt::format("cuFFT: {} (code {})", words, static_cast<int>(status));
}

namespace {

// A network meets a few sizes; tiles of scenes add some at the edges.
constexpr std::size_t kMostPlans = 64;

struct Api {
  decltype(&::cufftCreate) create;
  decltype(&::cufftDestroy) destroy;
  decltype(&::cufftSetAutoAllocation) set_auto_allocation;
  decltype(&::cufftMakePlanMany64) make_plan;
  decltype(&::cufftSetWorkArea) set_work_area;
  decltype(&::cufftSetStream) set_stream;
  decltype(&::cufftExecC2C) execute;
};

Api load() {
  const SharedLibrary library(
      fmt::format("libcufft.so.{}", CUFFT_VER_MAJOR),
      fmt::format("Install cuFFT of CUDA {} (Debian and Ubuntu: libcufft-{}-{}) where the loader finds it (ldconfig, "
                  "LD_LIBRARY_PATH)",
                  CUDART_VERSION / 1000, CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10));
  Api api{};
  library.find(api.create, "cufftCreate");
  library.find(api.destroy, "cufftDestroy");
  library.find(api.set_auto_allocation, "cufftSetAutoAllocation");
  library.find(api.make_plan, "cufftMakePlanMany64");
  library.find(api.set_work_area, "cufftSetWorkArea");
  library.find(api.set_stream, "cufftSetStream");
  library.find(api.execute, "cufftExecC2C");
  return api;
}

const Api& cufft() {
  static const Api api = load();
  return api;
}

// Planes that one call transforms: element (h, w) of plane b lies at b * distance + (h * width + w) * stride.
struct Layout {
  int device = 0;
  long long height = 0;
  long long width = 0;
  long long stride = 0;
  long long distance = 0;
  long long planes = 0;
  auto operator<=>(const Layout&) const = default;
};

// Its workspace comes with each call, from our allocator: plans need it only while they run, and one after another.
class Plan {
 public:
  explicit Plan(const Layout& l) {
    check_status(cufft().create(&handle_), "making a plan of a Fourier transform");
    try {
      check_status(cufft().set_auto_allocation(handle_, 0), "making a plan of a Fourier transform");
      std::array<long long, 2> extents = {l.height, l.width};
      check_status(cufft().make_plan(handle_, 2, extents.data(), extents.data(), l.stride, l.distance, extents.data(), l.stride,
                                     l.distance, CUFFT_C2C, l.planes, &workspace_bytes_),
                   "making a plan of a Fourier transform");
      check_status(cufft().set_stream(handle_, stream()), "giving cuFFT its stream");
    } catch (...) {
      cufft().destroy(handle_);
      throw;
    }
  }
  Plan(Plan&& other) noexcept
      : handle_(other.handle_), workspace_bytes_(other.workspace_bytes_), owned_(std::exchange(other.owned_, false)) {}
  Plan& operator=(Plan&&) = delete;
  ~Plan() {
    if (!owned_) return;
    cudaStreamSynchronize(stream());  // queued transforms read the plan's tables
    cufft().destroy(handle_);
  }

  cufftHandle handle() const { return handle_; }
  std::size_t workspace_bytes() const { return workspace_bytes_; }

 private:
  cufftHandle handle_ = 0;
  std::size_t workspace_bytes_ = 0;
  bool owned_ = true;
};

// Neighbouring channels are neighbours in memory, so one call transforms an image's channels side by side. Images of a single
// channel are transformed all at once.
Layout layout_of(const Shape& s) {
  Layout l{current_device(), s[1], s[2], s[3], 1, s[3]};
  if (s[3] == 1) {
    l.distance = s[1] * s[2];
    l.planes = s[0];
  }
  return l;
}

Plan& plan_for(const Layout& layout) {
  static auto& plans = *new PlanCache<Layout, Plan>("fft2", kMostPlans);  // never destroyed: the driver may be gone before
  const bool recording = services_of({Device::Kind::cuda, layout.device}).recording(layout.device);
  const auto make = [&] {
    check(!recording,
          "fft2: no plan for {} x {} pixels has been made, and none can be while work is being recorded; run the same step once "
          "before recording it",
          layout.height, layout.width);
    return Plan(layout);
  };
  return plans.get(layout, make, recording ? Lifetime::forever : Lifetime::until_dropped);
}

}  // namespace

void transform_planes(ConstView x, bool inverse, View y) {
  static std::mutex mutex;  // of the plans, and of the workspace that one is told to use
  const std::scoped_lock lock(mutex);
  const Layout layout = layout_of(x.shape);
  const Plan& plan = plan_for(layout);
  const Workspace workspace(x.device, plan.workspace_bytes());
  check_status(cufft().set_work_area(plan.handle(), workspace.as<void>()), "giving cuFFT its workspace");
  const auto* from = static_cast<const cufftComplex*>(x.data);
  auto* to = static_cast<cufftComplex*>(y.data);
  const long long planes = x.shape[0] * x.shape[3];
  const long long step = layout.height * layout.width * layout.planes;
  for (long long p = 0; p < planes; p += layout.planes) {
    // cuFFT asks for a pointer to what it may change, but leaves the input of a transform between separate places as it is.
    check_status(cufft().execute(plan.handle(), const_cast<cufftComplex*>(from), to, inverse ? CUFFT_INVERSE : CUFFT_FORWARD),
                 "Fourier transform");
    from += step;
    to += step;
  }
}

}  // namespace cf::cuda
