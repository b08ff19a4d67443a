#include "data/synth_dataset.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "data/hdf5.h"
#include "data/presets.h"
#include "data/synth_triplets.h"

namespace cf {
namespace {

template <class T>
void write_values(hdf5::Writer& writer, const char* name, const Tensor& t, double divisor) {
  const std::vector<std::int64_t> shape(t.shape().begin(), t.shape().end());
  if (divisor == 1) {
    writer.write<T>(name, shape, t.span<T>());
    return;
  }
  std::vector<T> values(t.span<T>().begin(), t.span<T>().end());
  for (T& v : values) v = static_cast<T>(v / divisor);
  writer.write<T>(name, shape, values);
}

// Values are divided by `divisor`.
void write_tensor(hdf5::Writer& writer, const char* name, const Tensor& t, double divisor) {
  if (!t.defined()) return;
  if (t.dtype() == DType::f64) {
    write_values<double>(writer, name, t, divisor);
  } else {
    write_values<float>(writer, name, t, divisor);
  }
}

void write_set(const std::filesystem::path& path, const PatchSet& set, double divisor) {
  hdf5::Writer writer(path);
  write_tensor(writer, "gt", set.gt, divisor);
  write_tensor(writer, "ms", set.ms, divisor);
  write_tensor(writer, "lms", set.lms, divisor);
  write_tensor(writer, "pan", set.pan, divisor);
  writer.commit();
}

}  // namespace

void make_synth_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  check(!error && std::filesystem::is_directory(folder), "synth: cannot make the folder {}: {}", folder.string(),
        error ? error.message() : "a file is in its place");
  const StagedFile probe(folder / "train");
  std::FILE* file = std::fopen(probe.tmp().c_str(), "wb");
  check(file != nullptr, "synth: cannot write into {}: {}", folder.string(), std::strerror(errno));
  std::fclose(file);
}

std::vector<std::filesystem::path> write_synth(const std::filesystem::path& folder, const SynthOptions& options) {
  const SensorPreset& sensor = sensor_preset(options.sensor);
  if (sensor.layout == SetLayout::sen12mscr) return write_triplets(folder, options);
  make_synth_folder(folder);
  const SynthSets sets = synthesize(options);
  const std::vector<std::pair<Split, const PatchSet*>> files = {{Split::train, &sets.train},
                                                                {Split::valid, &sets.valid},
                                                                {Split::test_reduced, &sets.test_reduced},
                                                                {Split::test_full, &sets.test_full}};
  std::vector<std::filesystem::path> paths;
  for (const auto& [split, set] : files) {
    paths.push_back(folder / sensor.file_name(split));
    write_set(paths.back(), *set, sets.full_scale / sensor.scale);
  }
  return paths;
}

}  // namespace cf
