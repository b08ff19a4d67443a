// PyTorch's files, written here byte by byte.
#include "framework/io/torch_file.h"

#include <cmath>

#include "tests/harness/torch_writer.h"
#include "tests/io/support.h"

namespace cf {
namespace {

using test::bytes_of;
using test::contains;
using test::error_of;
using test::PickleWriter;

const std::vector<float> kSix = {1, 2, 3, 4, 5, 6};

TorchFile read(const std::string& bytes, const std::string& part = {}) {
  const test::TempFolder folder;
  test::put_file(folder / "a.pth", bytes);
  return read_torch(folder / "a.pth", part);
}

// A zip file with one tensor "x", and the storages.
std::string with_tensor(const PickleWriter::TensorCall& call, const std::vector<std::string>& storages) {
  return test::torch_zip(PickleWriter().dict().text("x").tensor(call).end_dict().stop(), storages);
}

void check_refused(const std::string& bytes, const std::vector<const char*>& words) {
  const std::string message = error_of([&] { read(bytes); });
  INFO(message);
  CHECK(contains(message, "a.pth"));
  for (const char* word : words) CHECK_MESSAGE(contains(message, word), word);
}

void check_pickle_refused(const std::string& pickle, const std::vector<const char*>& words) {
  check_refused(test::torch_zip(pickle, {bytes_of(kSix)}), words);
}

// The older format: `pickle` describes its storages as that one does.
std::string sequential(const std::string& pickle, const std::vector<std::string>& keys, const std::string& values,
                       bool little = true) {
  std::string bytes = "\x80\x02\x8a\x0a" + std::string("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10) + ".";
  bytes += PickleWriter().integer(1001).stop();
  bytes += PickleWriter()
               .dict()
               .text("protocol_version")
               .integer(1001)
               .text("little_endian")
               .op(little ? "\x88" : "\x89")
               .end_dict()
               .stop();
  PickleWriter list;
  list.op("](");
  for (const std::string& key : keys) list.text(key);
  return bytes + pickle + list.op("e").stop() + values;
}

std::string count(std::int64_t n) { return bytes_of(std::vector<std::int64_t>{n}); }

TEST_CASE("torch: a state dict of the zip format") {
  const NamedTensors want = {{"a.weight", Tensor::from<float>({2, 3}, kSix)}, {"a.bias", Tensor::from<float>({2}, {7, 8})}};
  const TorchFile file = read(test::torch_state_dict(want));
  REQUIRE(file.tensors.size() == 2);
  CHECK(file.tensors[0].first == "a.weight");
  CHECK(file.tensors[0].second.shape() == Shape{2, 3});
  CHECK(file.tensors[0].second.to_vector<float>() == kSix);
  CHECK(file.tensors[1].second.to_vector<float>() == std::vector<float>{7, 8});
  CHECK(file.notes.empty());
}

TEST_CASE("torch: strides, offsets and shared storages") {
  PickleWriter pickle;
  pickle.dict();
  pickle.text("whole").tensor({.numel = 6, .shape = {6}});
  pickle.text("turned").tensor({.numel = 6, .shape = {3, 2}, .strides = {1, 3}});
  pickle.text("part").tensor({.numel = 6, .shape = {2}, .offset = 4});
  pickle.text("repeated").tensor({.numel = 6, .shape = {2, 2}, .strides = {0, 1}, .offset = 1});
  pickle.text("scalar").tensor({.numel = 6, .shape = {}, .offset = 5});
  pickle.text("none").tensor({.numel = 6, .shape = {0, 3}});
  const TorchFile file = read(test::torch_zip(pickle.end_dict().stop(), {bytes_of(kSix)}));
  const auto values = [&](const char* name) { return find_tensor(file.tensors, name)->to_vector<float>(); };
  CHECK(values("whole") == kSix);
  CHECK(values("turned") == std::vector<float>{1, 4, 2, 5, 3, 6});
  CHECK(values("part") == std::vector<float>{5, 6});
  CHECK(values("repeated") == std::vector<float>{2, 3, 2, 3});
  CHECK(values("scalar") == std::vector<float>{6});
  CHECK(values("none").empty());
  CHECK(find_tensor(file.tensors, "scalar")->rank() == 0);
}

TEST_CASE("torch: types of values") {
  const auto read_one = [](const char* storage, std::int64_t numel, const std::string& bytes) {
    return read(with_tensor({.numel = numel, .shape = {numel}, .storage = storage}, {bytes})).tensors[0].second;
  };
  // 1, -2, 65504, the smallest positive one, infinity, -0, NaN.
  const std::vector<std::uint16_t> halves = {0x3c00, 0xc000, 0x7bff, 0x0001, 0x7c00, 0x8000, 0x7e00};
  const auto half = read_one("HalfStorage", 7, bytes_of(halves)).to_vector<float>();
  CHECK(std::vector<float>(half.begin(), half.begin() + 5) == std::vector<float>{1, -2, 65504, 0x1p-24F, INFINITY});
  CHECK((half[5] == 0 && std::signbit(half[5])));
  CHECK(std::isnan(half[6]));
  CHECK(read_one("DoubleStorage", 1, bytes_of<double>({0.1})).to_vector<double>() == std::vector<double>{0.1});
  const Tensor bf = read_one("BFloat16Storage", 1, bytes_of<std::uint16_t>({0x3fc0}));
  CHECK(bf.dtype() == DType::bf16);
  CHECK(bf.to(DType::f32).to_vector<float>() == std::vector<float>{1.5F});
  CHECK(read_one("LongStorage", 1, bytes_of<std::int64_t>({-5})).to_vector<std::int64_t>() == std::vector<std::int64_t>{-5});
  CHECK(read_one("IntStorage", 1, bytes_of<std::int32_t>({-6})).to_vector<std::int64_t>() == std::vector<std::int64_t>{-6});
  CHECK(read_one("ShortStorage", 1, bytes_of<std::int16_t>({-7})).to_vector<std::int64_t>() == std::vector<std::int64_t>{-7});
  CHECK(read_one("CharStorage", 1, "\xf8").to_vector<std::int64_t>() == std::vector<std::int64_t>{-8});
  CHECK(read_one("ByteStorage", 1, "\xf8").to_vector<std::uint8_t>() == std::vector<std::uint8_t>{248});
  CHECK(read_one("BoolStorage", 1, "\x01").to_vector<std::uint8_t>() == std::vector<std::uint8_t>{1});
}

TEST_CASE("torch: a parameter is its tensor") {
  PickleWriter pickle;
  pickle.dict().text("p").global("torch._utils", "_rebuild_parameter").op("(").tensor({.numel = 6, .shape = {6}});
  pickle.op("\x88").global("collections", "OrderedDict").op(")RtR").end_dict();
  CHECK(read(test::torch_zip(pickle.stop(), {bytes_of(kSix)})).tensors[0].second.to_vector<float>() == kSix);
}

TEST_CASE("torch: which dictionary of a training run's file") {
  PickleWriter pickle;
  const PickleWriter::TensorCall six = {.numel = 6, .shape = {6}};
  pickle.dict().text("epoch").integer(3).text("rate").op(std::string_view("G\x3f\xe0\0\0\0\0\0\0", 9));
  pickle.text("optimizer").dict().text("state").dict().integer(0).tensor(six).end_dict().end_dict();
  pickle.text("state_dict").dict().text("module.a").tensor(six).text("module.b").tensor(six).end_dict();
  const std::string bytes = test::torch_zip(pickle.end_dict().stop(), {bytes_of(kSix)});
  const TorchFile file = read(bytes);
  REQUIRE(file.tensors.size() == 2);
  CHECK(file.tensors[0].first == "a");
  REQUIRE(file.notes.size() == 2);
  CHECK(contains(file.notes[0], "taken: \"state_dict\" of \"epoch\", \"rate\", \"optimizer\", \"state_dict\""));
  CHECK(contains(file.notes[1], "\"module.\""));
  const TorchFile optimizer = read(bytes, "optimizer");
  REQUIRE(optimizer.tensors.size() == 1);
  CHECK(optimizer.tensors[0].first == "state.0");
  CHECK(contains(error_of([&] { read(bytes, "ema"); }), "no part \"ema\"; it has \"epoch\""));
  CHECK(contains(error_of([&] { read(bytes, "epoch"); }), "no tensors under \"epoch\""));
}

TEST_CASE("torch: names are printable, prefixes of wrappers left out") {
  PickleWriter pickle;
  const PickleWriter::TensorCall six = {.numel = 6, .shape = {6}};
  pickle.dict().text("_orig_mod.a\x1b[2J\xff").tensor(six).text("_orig_mod.b").tensor(six).end_dict();
  const TorchFile file = read(test::torch_zip(pickle.stop(), {bytes_of(kSix)}));
  REQUIRE(file.tensors.size() == 2);
  CHECK(file.tensors[0].first == "a?[2J?");
  CHECK(file.tensors[1].first == "b");
  check_refused(
      test::torch_zip(PickleWriter().dict().text(std::string(2000, 'x')).tensor(six).end_dict().stop(), {bytes_of(kSix)}),
      {"2000 characters"});
}

TEST_CASE("torch: dictionaries and lists without a rule are flattened") {
  PickleWriter pickle;
  const PickleWriter::TensorCall six = {.numel = 6, .shape = {6}};
  pickle.dict().text("encoder").dict().text("w").tensor(six).end_dict();
  pickle.text("more").op("](").tensor(six).text("word").op("e").end_dict();
  const TorchFile file = read(test::torch_zip(pickle.stop(), {bytes_of(kSix)}));
  REQUIRE(file.tensors.size() == 2);
  CHECK(file.tensors[0].first == "encoder.w");
  CHECK(file.tensors[1].first == "more.0");
  REQUIRE(file.notes.size() == 1);
  CHECK(contains(file.notes[0], "1 values that are no tensors"));
}

TEST_CASE("torch: the sequential format") {
  const auto pickle = [](std::int64_t numel) {
    PickleWriter p;
    p.dict().text("x").tensor({.key = "k1", .numel = numel, .shape = {2, 3}, .sequential = true});
    return p.text("y")
        .tensor({.key = "k0", .numel = 1, .shape = {1}, .storage = "DoubleStorage", .sequential = true})
        .end_dict()
        .stop();
  };
  const std::string values = count(1) + bytes_of<double>({9}) + count(6) + bytes_of(kSix);
  const TorchFile file = read(sequential(pickle(6), {"k0", "k1"}, values));
  REQUIRE(file.tensors.size() == 2);
  CHECK(file.tensors[0].second.to_vector<float>() == kSix);
  CHECK(file.tensors[1].second.to_vector<double>() == std::vector<double>{9});

  check_refused(sequential(pickle(6), {"k0", "k1"}, values, false), {"big-endian"});
  check_refused(sequential(pickle(6), {"k0", "k1"}, values.substr(0, values.size() - 1)),
                {"truncated", "k1", "23 bytes are left"});
  check_refused(sequential(pickle(6), {"k0", "k1"}, values.substr(0, 20)), {"truncated", "k1"});
  check_refused(sequential(pickle(6), {"k0"}, values), {"lacks storage k1"});
  check_refused(sequential(pickle(6), {"k0", "z"}, values), {"nothing uses", "z"});
  check_refused(sequential(pickle(1'000'000'000), {"k0", "k1"}, values), {"claims 1000000000 values", "24 bytes"});
  check_refused(sequential(pickle(6), {"k0", "k1"}, count(1) + bytes_of<double>({9}) + count(-1) + bytes_of(kSix)),
                {"truncated"});
  const std::string whole = sequential(pickle(6), {"k0", "k1"}, values);
  for (const std::size_t length : {3, 14, 40, 100, 200, 400}) {
    check_refused(whole.substr(0, length), {"truncated"});
  }
}

TEST_CASE("torch: a pickle that calls something is refused by name") {
  // What would remove files if it were executed.
  check_pickle_refused(PickleWriter().global("os", "system").op("(").text("true").op("tR").stop(), {"calls os.system: refused"});
  check_pickle_refused(PickleWriter().text("builtins").text("eval").op("\x93").text("1").op("\x85R").stop(),
                       {"calls builtins.eval: refused"});
  check_pickle_refused(PickleWriter().op("(").text("true").op("ios\nsystem\n").stop(), {"calls os.system: refused"});
  check_pickle_refused(PickleWriter().global("models", "Net").op(")\x81").stop(), {"calls models.Net: refused", "state_dict()"});
  check_pickle_refused(PickleWriter().global("torch._utils", "_rebuild_tensor_v2").op(")\x81").stop(), {"opcode 0x81"});
  // Also where nothing reads its result.
  check_pickle_refused(PickleWriter()
                           .dict()
                           .text("x")
                           .tensor({.numel = 6, .shape = {6}})
                           .end_dict()
                           .global("os", "system")
                           .text("true")
                           .op("\x85R0")
                           .stop(),
                       {"calls os.system: refused"});
  check_pickle_refused(PickleWriter().global("os", "sys\x1b[2Jtem").stop(), {"os.sys?[2Jtem"});
  // Calls of what is allowed, but of the wrong thing.
  check_pickle_refused(PickleWriter().text("os.system").op(")R").stop(), {"it calls a text"});
  check_pickle_refused(PickleWriter().dict().text("x").global("torch", "FloatStorage").op(")R").end_dict().stop(),
                       {"\"x\"", "is not described"});
}

TEST_CASE("torch: wrong sizes") {
  const std::vector<std::string> six = {bytes_of(kSix)};
  const auto refused = [&](const PickleWriter::TensorCall& call, const std::vector<const char*>& words) {
    check_refused(with_tensor(call, six), words);
  };
  constexpr std::int64_t kHuge = std::int64_t{1} << 60;
  refused({.numel = 7, .shape = {7}}, {"\"x\"", "claims 7 values of 4 bytes", "24 bytes"});
  refused({.numel = kHuge, .shape = {kHuge}}, {"claims 1152921504606846976 values"});
  refused({.numel = -1, .shape = {1}}, {"claims -1 values"});
  refused({.numel = 6, .shape = {7}}, {"\"x\"", "leaves its storage"});
  refused({.numel = 6, .shape = {6}, .offset = 1}, {"leaves its storage"});
  refused({.numel = 6, .shape = {6}, .offset = -1}, {"leaves its storage"});
  refused({.numel = 6, .shape = {-6}}, {"leaves its storage"});
  refused({.numel = 6, .shape = {2, 3}, .strides = {4, 1}}, {"leaves its storage"});
  refused({.numel = 6, .shape = {2, 3}, .strides = {-1, 1}, .offset = 5}, {"leaves its storage"});
  refused({.numel = 6, .shape = {kHuge, kHuge}, .strides = {kHuge, kHuge}}, {"leaves its storage"});
  refused({.numel = 6, .shape = {2, 3}, .strides = {1}}, {"leaves its storage"});
  refused({.numel = 6, .shape = {1, 1, 1, 1, 1, 1, 6}}, {"7 dimensions"});
  refused({.key = "5", .numel = 6, .shape = {6}}, {"lacks archive/data/5"});
  refused({.numel = 6, .shape = {6}, .storage = "ComplexFloatStorage"}, {"torch.ComplexFloatStorage", "refused"});
  refused({.numel = 3, .shape = {3}, .storage = "ShortStorage"}, {"claims 3 values of 2 bytes"});
}

TEST_CASE("torch: a small file cannot ask for much memory") {
  // One value, repeated by strides of zero.
  check_refused(with_tensor({.numel = 6, .shape = {1 << 20, 1 << 10}, .strides = {0, 0}}, {bytes_of(kSix)}),
                {"repeats its values"});
  // Many tensors that each repeat a little.
  PickleWriter many;
  many.dict();
  for (int i = 0; i < 20; ++i) {
    many.text(std::to_string(i)).tensor({.numel = 6, .shape = {1 << 15, 2}, .strides = {0, 1}});
  }
  check_pickle_refused(many.end_dict().stop(), {"repeats its values"});
  // Texts and integers longer than the pickle.
  check_pickle_refused(std::string("\x80\x02X\xff\xff\xff\xff", 7), {"truncated pickle"});
  check_pickle_refused(std::string("\x80\x02\x8b\xff\xff\xff\x7f", 7), {"truncated pickle"});
  check_pickle_refused(std::string("\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xff", 11), {"truncated pickle"});
  // Bytes that each leave something behind: marks, copies, memories.
  for (const char* op : {"(", "2", "\x94", "q\x01", ")"}) {
    std::string many_ops;
    for (int i = 0; i < 3'000'000; ++i) many_ops += op;
    check_pickle_refused(PickleWriter().op("N").op(many_ops).stop(), {"more than", "values"});
  }
  // A long tuple as the arguments of many calls.
  std::string calls = "(";
  calls += std::string(100'000, 'N') + "tq\x01";
  for (int i = 0; i < 100; ++i) calls += "ctorch\nFloatStorage\nh\x01R0";
  check_pickle_refused(PickleWriter().op(calls).stop(), {"more than", "values"});
}

TEST_CASE("torch: lists in lists") {
  check_pickle_refused(PickleWriter().op(std::string(100'000, ']') + std::string(99'999, 'a')).stop(), {"nested more than"});
  // A list that holds itself.
  check_pickle_refused(PickleWriter().op("]q").op(std::string_view("\0", 1)).op("h").op(std::string_view("\0", 1)).op("a").stop(),
                       {"nested more than"});
  // Each list holds the one before it ten times: 10^20 values in a few hundred bytes.
  std::string bomb = "]q\x01";
  for (char level = 1; level < 20; ++level) {
    bomb += "](";
    for (int i = 0; i < 10; ++i) bomb += std::string("h") + level;
    bomb += std::string("eq") + static_cast<char>(level + 1);
  }
  check_pickle_refused(PickleWriter().op(bomb).stop(), {"hold more than"});
}

TEST_CASE("torch: malformed pickles") {
  const auto refused = [](std::string_view ops, const char* word) {
    check_pickle_refused(PickleWriter().op(ops).stop(), {word});
  };
  refused("", "a value is missing");
  refused("(", "a value is missing");
  refused("t", "a mark is missing");
  refused("R", "2 values are wanted");
  refused("N(R", "2 values are wanted");
  refused("h\x07", "recalls value 7");
  refused("NNa", "extends a None");
  refused("}NNNu", "a mark is missing");
  refused("}(Nu", "a key without a value");
  refused("\xff", "opcode 0xff");
  refused("P1\n", "opcode 0x50");
  refused("}NNs", "a dictionary's key is a None");
  refused("N}b", "sets attributes of a None");
  refused("]", "holds no tensors");
  refused("\x80\x09", "protocol 9");
  check_pickle_refused("\x80\x02}", {"truncated pickle"});
  check_pickle_refused("", {"truncated pickle"});
  check_pickle_refused(
      "\x80\x02"
      "cos\nsys",
      {"ends within a line"});
  const PickleWriter::TensorCall six = {.numel = 6, .shape = {6}};
  check_pickle_refused(PickleWriter().dict().text("x").tensor(six).text("x").tensor(six).end_dict().stop(),
                       {"two tensors", "\"x\""});
}

TEST_CASE("torch: not PyTorch's files") {
  check_refused("no weights at all, but some text", {"neither a zip archive nor a pickle"});
  check_refused("", {"neither"});
  check_refused("PK\x03\x04 and nothing else", {"no zip archive, or a truncated one"});
  check_refused(test::zip_archive({{"word/document.xml", "<x/>"}}), {"without data.pkl"});
  check_refused(PickleWriter().integer(5).stop(), {"a pickle, but no file of PyTorch's"});
  const std::string pickle = PickleWriter().dict().text("x").tensor({.numel = 6, .shape = {6}}).end_dict().stop();
  check_refused(test::zip_archive({{"a/data.pkl", pickle}, {"a/byteorder", "big"}, {"a/data/0", bytes_of(kSix)}}),
                {"big-endian"});
  CHECK(contains(error_of([] { read_torch("/nowhere/absent.pth"); }), "absent.pth"));
}

TEST_CASE("torch: damaged archives") {
  const std::string whole = test::torch_state_dict({{"w", Tensor::from<float>({6}, kSix)}});
  for (const std::size_t length : {whole.size() - 1, whole.size() / 2, std::size_t{40}}) {
    check_refused(whole.substr(0, length), {"truncated"});
  }
  std::string flipped = whole;
  flipped[whole.find(bytes_of(kSix)) + 5] ^= 0x10;
  check_refused(flipped, {"archive/data/0 is damaged"});
  // An entry of the directory that claims more bytes than the file has.
  std::string claims = whole;
  const std::size_t entry = whole.rfind("archive/data/0") - 46;
  for (const std::size_t field : {entry + 20, entry + 24}) claims.replace(field, 4, "\xff\xff\xff\x7f");
  check_refused(claims, {"damaged"});
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string other = whole;
    other[i] = static_cast<char>(other[i] ^ 0x55);
    error_of([&] { read(other); });  // anything but a crash
  }
}

}  // namespace
}  // namespace cf
