// The list of kernel variants: complete, chosen by name, checked by the laboratory.
#include <doctest/doctest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <tuple>

#include "framework/lab/calls.h"
#include "framework/lab/check.h"
#include "tests/harness/temp_folder.h"

using namespace cf;
using test::contains;
using test::error_of;

namespace {

// The bytes of a table's kernels; its name aside.
bool equal_kernels(const KernelTable& a, const KernelTable& b) {
  constexpr std::size_t kBegin = offsetof(KernelTable, elementwise);
  return std::memcmp(reinterpret_cast<const char*>(&a) + kBegin, reinterpret_cast<const char*>(&b) + kBegin,
                     sizeof(KernelTable) - kBegin) == 0;
}

std::set<std::string> families() {
  std::set<std::string> names;
  for (const Variant& v : kernel_variants()) names.insert(v.family);
  return names;
}

const Variant& variant(const char* name, Backend backend = Backend::cpu) {
  for (const Variant* v : find_variants(name)) {
    if (v->backend == backend) return *v;
  }
  FAIL("no such variant");
  return kernel_variants().front();
}

// A conv2d whose result is wrong by a factor.
void (*right_conv2d)(const ConvParams&, ConstView, ConstView, ConstView, View) = nullptr;
void wrong_conv2d(const ConvParams& p, ConstView x, ConstView w, ConstView b, View y) {
  right_conv2d(p, x, w, b, y);
  for (float& v : std::span(y.as<float>(), static_cast<std::size_t>(y.numel()))) v *= 1.001F;
}
void wrong_conv(KernelTable& t) {
  right_conv2d = kernel_table(Backend::cpu).conv.conv2d_fwd;
  t.conv.conv2d_fwd = wrong_conv2d;
}

// One that forgets the last element.
void forget_last(ConstView g, ConstView a, ConstView b, View y) {
  const auto n = static_cast<std::int64_t>(y.numel()) - 1;
  const auto all_but_last = [n](ConstView v) { return ConstView(v.data, {n}, v.dtype, v.device); };
  kernel_table(Backend::cpu)
      .fused.gated_blend(all_but_last(g), all_but_last(a), all_but_last(b), {y.data, {n}, y.dtype, y.device});
}

std::size_t failures(const Variant& v, const char* op) {
  std::size_t count = 0;
  for (const GradCase& c : lab::family_cases(v.family, 1, 2)) {
    if (!c.name.starts_with(op)) continue;
    const lab::CaseCheck result = lab::check_case(v, c, DType::f32, {});
    if (!result.passed) ++count;
    INFO(result.message);
    CHECK(result.passed == result.message.empty());
  }
  return count;
}

}  // namespace

TEST_CASE("every family of the table has a default on each backend and a reference") {
  std::set<std::tuple<std::string, Backend>> defaults;
  std::set<std::tuple<std::string, std::string, Backend>> names;
  for (const Variant& v : kernel_variants()) {
    CAPTURE(full_name(v));
    CHECK(names.insert({v.family, v.name, v.backend}).second);
    if (!is_default(v)) continue;
    CHECK(defaults.insert({v.family, v.backend}).second);
    CHECK_MESSAGE(equal_kernels(table_with(v), kernel_table(v.backend)), "a default changes its backend's table");
  }
  // Every member of the table after its name is a family of pointers.
  CHECK(defaults.size() == 3 * families().size());
  KernelTable all{};
  std::memset(reinterpret_cast<char*>(&all) + offsetof(KernelTable, elementwise), 0,
              sizeof(KernelTable) - offsetof(KernelTable, elementwise));
  for (const Variant& v : kernel_variants()) {
    if (is_default(v) && v.backend == Backend::cpu) v.apply(all);
  }
  CHECK_MESSAGE(equal_kernels(all, kernel_table(Backend::cpu)), "a family of kernels/table.h is missing in kernels/variants.cpp");
}

TEST_CASE("a variant that is no default changes something") {
  for (const Variant& v : kernel_variants()) {
    CAPTURE(full_name(v));
    if (!is_default(v)) CHECK_FALSE(equal_kernels(table_with(v), kernel_table(v.backend)));
  }
}

TEST_CASE("unknown families and variants are refused with the known ones") {
  CHECK(
      contains(error_of([] { find_variants("convolution"); }), "no kernel family 'convolution'; there are elementwise, reduce"));
  CHECK(contains(error_of([] { find_variants("conv:fast"); }), "no variant 'fast'; it has own, direct"));
  CHECK(contains(error_of([] { UseVariants("conv"); }), "expected FAMILY:VARIANT"));
  CHECK(contains(error_of([] { UseVariants("conv:onednn,conv:direct"); }), "already chosen"));
}

TEST_CASE("chosen variants are in use while the guard lives") {
  {
    const UseVariants use("conv:onednn,fused:composite");
    KernelTable wanted = table_with(variant("conv:onednn"));
    variant("fused:composite").apply(wanted);
    CHECK(equal_kernels(kernels_for({}), wanted));
    CHECK_FALSE(equal_kernels(kernels_for({}), kernel_table(Backend::cpu)));
    CHECK(use.description() == "conv:onednn on cpu, fused:composite on cpu, fused:composite on cuda");
  }
  CHECK(equal_kernels(kernels_for({}), kernel_table(Backend::cpu)));
  const UseVariants nothing("");
  CHECK(equal_kernels(kernels_for({}), kernel_table(Backend::cpu)));
  CHECK(nothing.description().empty());
}

TEST_CASE("variants beside the defaults agree with the reference") {
  for (const Variant& v : kernel_variants()) {
    if (is_default(v) || (v.backend == Backend::cuda && !cuda_is_emulated())) continue;
    for (const lab::CaseCheck& c : lab::check_variant(v, {2, 3, {}})) {
      INFO(full_name(v) << " " << c.name << " " << c.shapes << ": " << c.message);
      CHECK(c.passed);
    }
  }
}

TEST_CASE("every family has cases and calls") {
  for (const std::string& family : families()) {
    CAPTURE(family);
    CHECK_FALSE(lab::family_cases(family, 1, 1).empty());
    CHECK_FALSE(lab::kernel_calls(family, {1, 4, 4, 2}, lab::Workbench(DType::f32, DType::f32, {})).empty());
  }
}

TEST_CASE("random cases are those of their seed, and compute on the reference") {
  const auto shapes = [](std::uint64_t seed) {
    std::vector<std::string> text;
    for (const std::string& family : families()) {
      for (const GradCase& c : lab::family_cases(family, seed, 4)) {
        text.push_back(c.name);
        for (const CaseInput& in : c.inputs) text.push_back(in.shape.str());
      }
    }
    return text;
  };
  CHECK(shapes(1) == shapes(1));
  CHECK(shapes(1) != shapes(2));
  for (std::uint64_t seed = 10; seed < 30; ++seed) {
    for (const std::string& family : families()) {
      for (const GradCase& c : lab::family_cases(family, seed, 1)) {
        if (!contains(c.name, ".random")) continue;
        CAPTURE(c.name);
        Draw draw(c.name, seed);
        CHECK_NOTHROW(evaluate(make_problem(c, draw), Backend::reference));
      }
    }
  }
}

TEST_CASE("a fault of 0.1 % is found and its element named") {
  const Variant wrong = {"conv", "wrong", Backend::cpu, "", wrong_conv};
  CHECK(failures(wrong, "conv2d") > 10);
  CHECK(failures(variant("conv:direct"), "conv2d") == 0);
  const GradCase c = lab::family_cases("conv", 1, 0).front();
  const lab::CaseCheck result = lab::check_case(wrong, c, DType::f32, {});
  CHECK(contains(result.message, "output 0 (2, 6, 5, 4) at ("));
  CHECK(contains(lab::check_table({result}, false), "FAILED"));
}

TEST_CASE("an element that is never written is found, though its right value may be in memory") {
  const Variant forgetful = {"fused", "forgetful", Backend::cpu, "", [](KernelTable& t) { t.fused.gated_blend = forget_last; }};
  CHECK(failures(forgetful, "gated_blend") > 3);
}

TEST_CASE("bench calls compute what the reference computes in f64") {
  for (const std::string& family : families()) {
    const auto exact = lab::kernel_calls(family, {1, 8, 8, 4}, lab::Workbench(DType::f32, DType::f64, {}));
    const auto fast = lab::kernel_calls(family, {1, 8, 8, 4}, lab::Workbench(DType::f32, DType::f32, {}));
    REQUIRE(exact.size() == fast.size());
    for (std::size_t i = 0; i < exact.size(); ++i) {
      CAPTURE(family);
      CAPTURE(exact[i].kernel);
      exact[i].run(kernel_table(Backend::reference));
      fast[i].run(kernel_table(Backend::cpu));
      CHECK(exact[i].bytes > 0);
      double difference = 0;
      double norm = 0;
      for (std::size_t r = 0; r < exact[i].results.size(); ++r) {
        const auto want = exact[i].results[r].to(DType::f64).to_vector<double>();
        const auto got = fast[i].results[r].to(DType::f64).to_vector<double>();
        for (std::size_t e = 0; e < want.size(); ++e) {
          difference += (got[e] - want[e]) * (got[e] - want[e]);
          norm += want[e] * want[e];
        }
      }
      CHECK(difference <= 1e-10 * norm);
    }
  }
}

// docs/kernels.md shows files whole, under a line "`path`:", and lines of kernels/variants.cpp; both must be the tested ones.
TEST_CASE("the worked example of docs/kernels.md is the code that is built") {
  const std::filesystem::path root = CF_SOURCE_DIR;
  const auto text_of = [](const std::filesystem::path& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  };
  std::istringstream document(text_of(root / "docs/kernels.md"));
  std::string before;
  int whole = 0;
  for (std::string line; std::getline(document, line);) {
    if (line != "```cpp") {
      if (!line.empty()) before = line;
      continue;
    }
    const std::string path = before.substr(before.find('`') + 1, before.rfind('`') - before.find('`') - 1);
    CAPTURE(path);
    const std::string file = text_of(root / path);
    REQUIRE_FALSE(file.empty());
    std::string block;
    while (std::getline(document, line) && line != "```") block += line + "\n";
    if (before == "`" + path + "`:") {
      ++whole;
      CHECK(block == file);
      continue;
    }
    std::istringstream lines(block);
    while (std::getline(lines, line)) CHECK_MESSAGE(contains(file, line), line);
  }
  CHECK(whole == 2);
}
