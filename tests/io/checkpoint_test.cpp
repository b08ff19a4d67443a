#include "framework/io/checkpoint.h"

#include <sys/resource.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "framework/io/files.h"
#include "tests/harness/small_disk.h"
#include "tests/io/support.h"

namespace cf {
namespace {

using test::contains;
using test::error_of;
using test::put_file;

Checkpoint sample() {
  Checkpoint c;
  c.meta = {{"step", 12}, {"best", 0.1}, {"seed", 18446744073709551615U}, {"config", {{"lr", 1e-3}, {"name", "cf2n"}}}};
  c.tensors.emplace_back("model.weight", Tensor::from<float>(Shape{2, 3}, {1, -2, 3.5F, 4, 5, -0.0F}));
  c.tensors.emplace_back("model.half", Tensor::from<float>(Shape{2}, {1, 2}).to(DType::bf16));
  c.tensors.emplace_back("model.none", Tensor::empty(Shape{0, 4}));
  c.tensors.emplace_back("optim.m", Tensor::from<double>(Shape{9}, std::vector<double>(9, 1.0 / 3)));
  c.tensors.emplace_back("order", Tensor::from<std::int64_t>(Shape{}, {-7}));
  c.tensors.emplace_back("bytes", Tensor::from<std::uint8_t>(Shape{3}, {1, 2, 255}));
  c.tensors.emplace_back("counts", Tensor::from<std::uint16_t>(Shape{2, 1}, {7, 65535}));
  return c;
}

std::string bytes_of(const Tensor& t) {
  const ConstView v = t.cview();
  return {static_cast<const char*>(v.data), static_cast<std::size_t>(v.numel()) * size_of(v.dtype)};
}

void check_equal(const Checkpoint& a, const Checkpoint& b) {
  CHECK(a.meta == b.meta);
  REQUIRE(a.tensors.size() == b.tensors.size());
  for (std::size_t i = 0; i < a.tensors.size(); ++i) {
    CHECK(a.tensors[i].first == b.tensors[i].first);
    CHECK(a.tensors[i].second.dtype() == b.tensors[i].second.dtype());
    CHECK(a.tensors[i].second.shape() == b.tensors[i].second.shape());
    CHECK(bytes_of(a.tensors[i].second) == bytes_of(b.tensors[i].second));
  }
}

TEST_CASE("checkpoint: everything comes back bit by bit, in order") {
  const test::TempFolder folder;
  write_checkpoint(folder / "a.cfk", sample());
  check_equal(read_checkpoint(folder / "a.cfk"), sample());
  CHECK(folder.entries() == 1);
  const Checkpoint c = read_checkpoint(folder / "a.cfk");
  CHECK(c.has("optim.m"));
  CHECK(!c.has("optim.v"));
  CHECK(c.meta["config"]["lr"].get<double>() == 1e-3);

  write_checkpoint(folder / "empty.cfk", Checkpoint());
  check_equal(read_checkpoint(folder / "empty.cfk"), Checkpoint());
}

// A reader of the documented layout that shares no code with the writer.
TEST_CASE("checkpoint: the layout is the documented one") {
  const test::TempFolder folder;
  write_checkpoint(folder / "a.cfk", sample());
  const std::string file = read_text(folder / "a.cfk");
  CHECK(file.substr(0, 8) == "CFRUNCKP");
  CHECK(file.substr(8, 8) == std::string("\1\0\0\0\0\0\0\0", 8));
  std::uint64_t length = 0;
  std::memcpy(&length, &file[16], sizeof length);
  const ordered_json header = ordered_json::parse(file.substr(32, length));
  const std::size_t start = (32 + length + 63) / 64 * 64;
  std::size_t end = start;
  for (const ordered_json& entry : header["tensors"]) {
    const std::size_t at = start + entry["offset"].get<std::size_t>();
    CHECK(at % 64 == 0);
    const std::string expected = bytes_of(*sample().find(entry["name"].get<std::string>()));
    CHECK(file.substr(at, expected.size()) == expected);
    end = at + expected.size();
  }
  CHECK(file.size() == end);
  CHECK(header["tensors"][0]["checksum"].get<std::string>().size() == 16);
}

TEST_CASE("checkpoint: the header alone") {
  const test::TempFolder folder;
  write_checkpoint(folder / "a.cfk", sample());
  const CheckpointHeader header = read_checkpoint_header(folder / "a.cfk");
  CHECK(header.meta["step"] == 12);
  REQUIRE(header.tensors.size() == 7);
  CHECK(header.tensors[0].name == "model.weight");
  CHECK(header.tensors[0].shape == Shape{2, 3});
  CHECK(header.tensors[3].dtype == DType::f64);
}

TEST_CASE("checkpoint: any flipped byte is noticed") {
  const test::TempFolder folder;
  write_checkpoint(folder / "a.cfk", sample());
  const std::string whole = read_text(folder / "a.cfk");
  const CheckpointHeader header = read_checkpoint_header(folder / "a.cfk");
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      std::string bad = whole;
      bad[i] = static_cast<char>(bad[i] ^ flip);
      put_file(folder / "bad.cfk", bad);
      const std::string text = error_of([&] { read_checkpoint(folder / "bad.cfk"); });
      CHECK_MESSAGE(contains(text, "bad.cfk"), "byte " << i);
      for (const auto& entry : header.tensors) {
        const std::uint64_t begin = header.data_start + entry.offset;
        const std::uint64_t bytes = static_cast<std::uint64_t>(entry.shape.numel()) * size_of(entry.dtype);
        if (i >= begin && i < begin + bytes) CHECK(contains(text, "\"" + entry.name + "\""));
      }
    }
  }
}

TEST_CASE("checkpoint: truncated or extended at any length, never accepted") {
  const test::TempFolder folder;
  write_checkpoint(folder / "a.cfk", sample());
  const std::string whole = read_text(folder / "a.cfk");
  for (std::size_t n = 0; n < whole.size(); ++n) {
    put_file(folder / "bad.cfk", whole.substr(0, n));
    CHECK(contains(error_of([&] { read_checkpoint(folder / "bad.cfk"); }), n < 8 ? "not a checkpoint" : "truncated"));
    CHECK(!error_of([&] { read_checkpoint_header(folder / "bad.cfk"); }).empty());
  }
  put_file(folder / "bad.cfk", whole + std::string(1, '\0'));
  CHECK(contains(error_of([&] { read_checkpoint(folder / "bad.cfk"); }), "damaged"));
}

TEST_CASE("checkpoint: other files and newer versions say so") {
  const test::TempFolder folder;
  CHECK(contains(error_of([&] { read_checkpoint(folder / "absent.cfk"); }), "absent.cfk"));
  put_file(folder / "text.cfk", "not at all a checkpoint, but long enough to be one");
  CHECK(contains(error_of([&] { read_checkpoint(folder / "text.cfk"); }), "not a checkpoint"));
  write_checkpoint(folder / "a.cfk", sample());
  std::string newer = read_text(folder / "a.cfk");
  newer[8] = 2;
  put_file(folder / "newer.cfk", newer);
  CHECK(contains(error_of([&] { read_checkpoint(folder / "newer.cfk"); }), "version 2"));
}

// A file whose checksum agrees with whatever its header says.
std::string file_with_header(const std::string& header, const std::string& values) {
  std::string file("CFRUNCKP\1\0\0\0\0\0\0\0", 16);
  const std::uint64_t length = header.size();
  file.append(reinterpret_cast<const char*>(&length), sizeof length);
  const std::string summed = file + header;
  const std::uint64_t checksum = XXH3_64bits(summed.data(), summed.size());
  file.append(reinterpret_cast<const char*>(&checksum), sizeof checksum);
  file += header;
  file.append((64 - file.size() % 64) % 64, '\0');
  return file + values;
}

TEST_CASE("checkpoint: a header that lies is an error") {
  const test::TempFolder folder;
  const auto message = [&](const std::string& header, const std::string& values) {
    put_file(folder / "bad.cfk", file_with_header(header, values));
    const std::string text = error_of([&] { read_checkpoint(folder / "bad.cfk"); });
    CHECK(contains(text, "bad.cfk"));
    return text;
  };
  const auto tensor = [&](const std::string& fields) { return R"({"meta":{},"tensors":[{"name":"a",)" + fields + "}]}"; };
  const std::string four = "abcd";
  const std::string sum = fmt::format(R"("checksum":"{:016x}")", XXH3_64bits(four.data(), four.size()));
  put_file(folder / "good.cfk", file_with_header(tensor(R"("dtype":"f32","shape":[1],"offset":0,)" + sum), four));
  CHECK(read_checkpoint(folder / "good.cfk").has("a"));

  CHECK(contains(message("[]", ""), "lacks meta or tensors"));
  CHECK(contains(message(R"({"meta":{}})", ""), "lacks meta or tensors"));
  CHECK(contains(message("{", ""), "1:"));
  CHECK(contains(message(R"({"meta":{},"tensors":[3]})", ""), "without a name"));
  CHECK(contains(message(tensor(R"("dtype":"f16","shape":[2],"offset":0,)" + sum), four), "\"a\" has no valid dtype"));
  CHECK(contains(message(tensor(R"("dtype":"f32","shape":[-1],"offset":0,)" + sum), four), "\"a\" has no valid shape"));
  CHECK(contains(message(tensor(R"("dtype":"f32","shape":[1,1,1,1,1,1,1],"offset":0,)" + sum), four), "no valid shape"));
  CHECK(contains(message(tensor(R"("dtype":"f32","shape":[9223372036854775807,2],"offset":0,)" + sum), four), "no valid shape"));
  CHECK(contains(message(tensor(R"("dtype":"f32","shape":[1],"offset":64,)" + sum), four), "\"a\" has no valid offset"));
  CHECK(contains(message(tensor(R"("dtype":"f32","shape":[1],"offset":0)"), four), "\"a\" has no valid checksum"));
  CHECK(contains(message(tensor(R"("dtype":"f32","shape":[1],"offset":0,"checksum":"12"})"), four), "bad.cfk"));
  CHECK(contains(message(tensor(R"("dtype":"f32","shape":[2],"offset":0,)" + sum), four), "ends within tensor \"a\""));
  CHECK(contains(message(tensor(R"("dtype":"f32","shape":[1152921504606846975],"offset":0,)" + sum), four), "ends within"));
  const std::string entry = R"({"name":"a","dtype":"f32","shape":[0],"offset":0,"checksum":"2d06800538d394c2"})";
  CHECK(contains(message(R"({"meta":{},"tensors":[)" + entry + "," + entry + "]}", ""), "two tensors named \"a\""));
}

TEST_CASE("checkpoint: two tensors of one name cannot be written") {
  const test::TempFolder folder;
  Checkpoint c = sample();
  c.tensors.push_back(c.tensors[0]);
  CHECK(contains(error_of([&] { write_checkpoint(folder / "a.cfk", c); }), "\"model.weight\""));
  CHECK(folder.entries() == 0);
}

// Files may grow to `bytes` only while this lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

TEST_CASE("checkpoint: where writing fails, the previous one survives") {
  const test::TempFolder folder;
  write_checkpoint(folder / "a.cfk", sample());
  Checkpoint larger = sample();
  larger.tensors.emplace_back("large", Tensor::zeros(Shape{4096}));
  for (const rlim_t limit : {0U, 20U, 100U, 1500U, 16000U}) {
    const std::string text = error_of([&] {
      const FileSizeLimit until_end(limit);
      write_checkpoint(folder / "a.cfk", larger);
    });
    CHECK(contains(text, "a.cfk"));
    CHECK(folder.entries() == 1);
  }
  check_equal(read_checkpoint(folder / "a.cfk"), sample());
}

TEST_CASE("checkpoint: a full disk, a read-only disk") {
  const test::TempFolder folder;
  const std::filesystem::path path = folder / "disk/a.cfk";
  const test::SmallDisk disk(path.parent_path(), "size=32k");
  if (!disk.mounted()) return;
  write_checkpoint(path, sample());
  Checkpoint larger = sample();
  larger.tensors.emplace_back("large", Tensor::zeros(Shape{16384}));
  const std::string text = error_of([&] { write_checkpoint(path, larger); });
  CHECK(contains(text, "a.cfk"));
  CHECK(contains(text, "free some space"));
  CHECK(std::distance(std::filesystem::directory_iterator(path.parent_path()), {}) == 1);
  check_equal(read_checkpoint(path), sample());
  disk.make_read_only();
  CHECK(contains(error_of([&] { write_checkpoint(path, sample()); }), "choose a folder that can be written"));
  check_equal(read_checkpoint(path), sample());
}

TEST_CASE("load: every misfit at once, and nothing changed") {
  const NamedTensors source = {{"model.a", Tensor::full(Shape{2}, 1)},
                               {"model.b", Tensor::full(Shape{3}, 1)},
                               {"model.extra", Tensor::full(Shape{1}, 1)},
                               {"optim.m", Tensor::full(Shape{1}, 1)}};
  const NamedTensors targets = {
      {"a", Tensor::zeros(Shape{2})}, {"b", Tensor::zeros(Shape{1, 3})}, {"c", Tensor::zeros(Shape{1})}};
  const std::string text = error_of([&] { load_into(targets, source, "w.cfk", {.prefix = "model."}); });
  CHECK(contains(text, "w.cfk"));
  CHECK(contains(text, "1 missing:\n    model.c"));
  CHECK(contains(text, "1 unexpected:\n    model.extra"));
  CHECK(contains(text, "model.b: f32 (3) in the file, f32 (1, 3) wanted"));
  CHECK(!contains(text, "optim.m"));
  CHECK(targets[0].second.to_vector<float>() == std::vector<float>{0, 0});
}

TEST_CASE("load: values are copied, as strictly as asked") {
  const NamedTensors source = {{"a", Tensor::full(Shape{2}, 0.5, DType::f64)}, {"x", Tensor::full(Shape{1}, 1)}};
  const NamedTensors targets = {{"a", Tensor::zeros(Shape{2})}, {"c", Tensor::full(Shape{1}, 9)}};
  const auto text = [&](bool missing, bool unexpected) {
    const LoadOptions options{.prefix = "", .allow_missing = missing, .allow_unexpected = unexpected};
    return error_of([&] { load_into(targets, source, "w.cfk", options); });
  };
  CHECK(contains(text(true, false), "unexpected"));
  CHECK(contains(text(false, true), "missing"));
  CHECK(text(true, true).empty());
  CHECK(targets[0].second.to_vector<float>() == std::vector<float>{0.5F, 0.5F});
  CHECK(targets[1].second.to_vector<float>() == std::vector<float>{9});
}

}  // namespace
}  // namespace cf
