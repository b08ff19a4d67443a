// Data that cannot be used: exit code 2, what is wrong where, and nothing left behind.
#include <limits>
#include <map>

#include "framework/io/files.h"
#include "tests/system/workplace.h"

namespace cf::test {
namespace {

struct Part {
  std::vector<std::int64_t> shape;  // N x C x H x W
  std::vector<float> values;
};
using Parts = std::map<std::string, Part>;

Part part(int quantity, const std::vector<std::int64_t>& s) { return {s, values_of<float>(quantity, s[0], s[1], s[2], s[3])}; }

// What train.h5 of a Workplace holds, to be spoilt.
Parts good_parts() {
  return {{"gt", part(kGt, {8, 4, 16, 16})},
          {"ms", part(kMs, {8, 4, 4, 4})},
          {"lms", part(kLms, {8, 4, 16, 16})},
          {"pan", part(kPan, {8, 1, 16, 16})}};
}

void write_parts(const std::filesystem::path& path, const Parts& parts) {
  hdf5::Writer writer(path);
  for (const auto& [name, p] : parts) writer.write<float>(name, p.shape, p.values);
  writer.commit();
}

// Training on train.h5 fails with these words and makes no run folder.
void check_training_refused(const Workplace& place, const std::vector<std::string>& words, const Arguments& overrides = {}) {
  const auto before = place.names();
  check_refused(place.train("run", overrides), words);
  CHECK(place.names() == before);
}

void check_parts_refused(const Parts& parts, const std::vector<std::string>& words) {
  const Workplace place;
  write_parts(place / "train.h5", parts);
  check_training_refused(place, words);
}

TEST_CASE("bad data: the same parts, unspoilt, are good") {
  const Workplace place;
  write_parts(place / "train.h5", good_parts());
  check_outcome(place.train("run", {"train.max_steps=1"}), 0, {});
}

TEST_CASE("bad data: a missing file") {
  const Workplace place;
  check_training_refused(place, {"absent.h5 does not exist", "docs/data.md"}, {"data.train=absent.h5"});
  check_training_refused(place, {"absent.h5 does not exist", "docs/data.md"}, {"data.valid=absent.h5"});
  check_training_refused(place, {"nowhere/train.h5 does not exist", "docs/data.md"}, {"data.dir=nowhere"});
  check_training_refused(place, {"data.train names no file", "docs/data.md"}, {"data.train="});
  check_refused(place.run({"test", "--checkpoint", some_checkpoint().string(), "--data", "absent.h5", "--out", "results"}),
                {"absent.h5 does not exist", "docs/data.md"});
  check_refused(place.run({"info", "absent.h5"}), {"absent.h5"});
  CHECK(!std::filesystem::exists(place / "results"));
}

TEST_CASE("bad data: not HDF5") {
  const Workplace place;
  write_file(place / "train.h5", "patches, honestly");
  check_training_refused(place, {"train.h5 is not an HDF5 file"});
  check_refused(place.run({"info", "train.h5"}), {"train.h5 is not an HDF5 file"});
  check_training_refused(place, {"is a folder without SEN12MS-CR's images"}, {"data.train=."});
}

TEST_CASE("bad data: truncated HDF5") {
  const Workplace place;
  const std::string whole = read_text(place / "train.h5");
  write_file(place / "train.h5", whole.substr(0, whole.size() / 2));
  check_training_refused(place, {"train.h5", "truncated or damaged"});
}

TEST_CASE("bad data: a missing dataset is named, and what there is") {
  for (const std::string name : {"ms", "pan"}) {
    Parts parts = good_parts();
    parts.erase(name);
    check_parts_refused(parts, {"train.h5 has no dataset '" + name + "'", "it holds:", "gt"});
  }
  Parts parts = good_parts();
  parts.erase("gt");
  check_parts_refused(parts, {"train.h5 has no dataset 'gt'", "full-resolution"});
}

TEST_CASE("bad data: lms that is not ratio x ms") {
  Parts parts = good_parts();
  parts["lms"] = part(kLms, {8, 4, 8, 8});
  check_parts_refused(parts, {"train.h5", "'lms'", "8 x 8", "ratio 4"});
}

TEST_CASE("bad data: another ratio than the configured one") {
  const Workplace place;
  check_training_refused(place, {"train.h5", "'pan'", "ratio 2"}, {"data.ratio=2"});
}

TEST_CASE("bad data: PAN bands not as configured") {
  Parts parts = good_parts();
  parts["pan"] = part(kPan, {8, 2, 16, 16});
  check_parts_refused(parts, {"train.h5", "pan has 2 bands", "asks for 1", "data.pan_bands"});
}

TEST_CASE("bad data: another number of samples in one dataset") {
  Parts parts = good_parts();
  parts["gt"] = part(kGt, {7, 4, 16, 16});
  check_parts_refused(parts, {"train.h5", "'gt'", "7 x"});
}

TEST_CASE("bad data: odd sizes") {
  const Workplace place;
  Parts parts = {{"gt", part(kGt, {8, 4, 9, 9})},
                 {"ms", part(kMs, {8, 4, 3, 3})},
                 {"lms", part(kLms, {8, 4, 9, 9})},
                 {"pan", part(kPan, {8, 1, 9, 9})}};
  write_parts(place / "train.h5", parts);
  check_training_refused(place, {"train.h5", "9 x 9 pixels", "multiples of 2"}, {"data.ratio=3"});
}

TEST_CASE("bad data: bands that disagree with the configuration or the checkpoint") {
  const Workplace place;
  check_training_refused(place, {"train.h5 has 4 bands", "asks for 8", "data.bands"}, {"data.sensor=wv3"});
  write_set<float>(place / "eight.h5", {.samples = 1, .bands = 8, .height = 8, .width = 8});
  check_refused(place.run({"test", "--checkpoint", some_checkpoint().string(), "--data", "eight.h5", "--out", "results"}),
                {"eight.h5 has 8 bands", "asks for 4"});
  CHECK(!std::filesystem::exists(place / "results"));
}

TEST_CASE("bad data: NaN and infinite pixels") {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    for (const std::string name : {"gt", "ms", "lms", "pan"}) {
      Parts parts = good_parts();
      parts[name].values[parts[name].values.size() / 2] = bad;  // sample 4
      check_parts_refused(parts, {"train.h5", "'" + name + "'", "sample 4", "NaN or infinite"});
    }
  }
}

TEST_CASE("bad data: NaN found while streaming") {
  const Workplace place;
  Parts parts = good_parts();
  parts["gt"].values[0] = std::numeric_limits<float>::quiet_NaN();
  write_parts(place / "train.h5", parts);
  check_refused(place.train("run", {"data.memory_gb=0"}), {"train.h5", "'gt'", "sample 0", "NaN or infinite"});
}

TEST_CASE("bad data: a scale that leaves values far above 1") {
  const Workplace place;
  check_training_refused(place, {"train.h5", "times the scale of 255", "data.scale"}, {"data.scale=255"});
}

TEST_CASE("bad data: an empty set") {
  Parts parts = good_parts();
  for (auto& [name, p] : parts) {
    p.shape[0] = 0;
    p.values.clear();
  }
  check_parts_refused(parts, {"train.h5 holds no samples"});
}

TEST_CASE("bad data: a batch larger than the set") {
  const Workplace place;
  check_training_refused(place, {"batch of 9", "8 samples", "train.h5", "train.batch"}, {"train.batch=9"});
}

}  // namespace
}  // namespace cf::test
