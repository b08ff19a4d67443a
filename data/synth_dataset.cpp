#include "data/synth_dataset.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "data/hdf5.h"
#include "data/presets.h"

namespace cf {
namespace {

void write_tensor(hdf5::Writer& writer, const char* name, const Tensor& t) {
  if (!t.defined()) return;
  const std::vector<std::int64_t> shape(t.shape().begin(), t.shape().end());
  writer.write<double>(name, shape, t.span<double>());
}

void write_set(const std::filesystem::path& path, const PatchSet& set) {
  hdf5::Writer writer(path);
  write_tensor(writer, "gt", set.gt);
  write_tensor(writer, "ms", set.ms);
  write_tensor(writer, "lms", set.lms);
  write_tensor(writer, "pan", set.pan);
  writer.commit();
}

void make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  check(!error && std::filesystem::is_directory(folder), "synth: cannot make the folder {}: {}", folder.string(),
        error ? error.message() : "a file is in its place");
  // Making the scenes takes a while: a folder that takes no files is better known before.
  const StagedFile probe(folder / "train");
  std::FILE* file = std::fopen(probe.tmp().c_str(), "wb");
  check(file != nullptr, "synth: cannot write into {}: {}", folder.string(), std::strerror(errno));
  std::fclose(file);
}

}  // namespace

std::vector<std::filesystem::path> write_synth(const std::filesystem::path& folder, const SynthOptions& options) {
  const SensorPreset& sensor = sensor_preset(options.sensor);
  make_folder(folder);
  const SynthSets sets = synthesize(options);
  const std::vector<std::pair<Split, const PatchSet*>> files = {{Split::train, &sets.train},
                                                                {Split::valid, &sets.valid},
                                                                {Split::test_reduced, &sets.test_reduced},
                                                                {Split::test_full, &sets.test_full}};
  std::vector<std::filesystem::path> paths;
  for (const auto& [split, set] : files) {
    paths.push_back(folder / sensor.file_name(split));
    write_set(paths.back(), *set);
  }
  return paths;
}

}  // namespace cf
