// The report of cfrun test: the numbers of the other outputs, pictures, curves; nothing loaded; whole or not at all.
#include <fmt/format.h>

#include <fstream>

#include "framework/io/checksum.h"
#include "framework/io/files.h"
#include "tests/harness/markup.h"
#include "tests/system/workplace.h"

namespace cf::test {
namespace {

const SetSpec kImages = {.samples = 3, .height = 16, .width = 16};

// A workplace with a checkpoint that lies in no run folder, and images to test it on.
struct ReportPlace : Workplace {
  explicit ReportPlace(const std::string& images = "images.h5") {
    std::filesystem::copy_file(some_checkpoint(), *this / "net.cfk");
    write_set<float>(*this / images, kImages);
  }
  Outcome test(const Arguments& more = {}, const std::string& images = "images.h5", const RunOptions& options = {}) const {
    Arguments arguments = {"test", "--checkpoint", "net.cfk", "--data", images, "--out", "results"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments, options);
  }
  PageReader page(const std::string& file = "results/report.html") const { return PageReader(read_text(*this / file)); }
};

// The figures of a table's cells, in their order: as shown, be it in bold, and in full.
std::vector<std::pair<std::string, std::string>> figures_in(const PageReader& page) {
  std::vector<std::pair<std::string, std::string>> figures;
  const std::vector<Element>& all = page.elements();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].name != "td" || !all[i].attributes.contains("data-value")) continue;
    const bool bold = i + 1 < all.size() && all[i + 1].name == "strong";
    figures.emplace_back(all[i + (bold ? 1 : 0)].text, all[i].attributes.at("data-value"));
  }
  return figures;
}

bool has_figure(const PageReader& page, double value) {
  const auto figures = figures_in(page);
  const std::string exact = fmt::format("{:.10g}", value);
  return std::any_of(figures.begin(), figures.end(), [&](const auto& f) { return f.second == exact; });
}

std::size_t looks_in(const PageReader& page, const std::string& name) {
  std::size_t n = 0;
  for (const Element& e : page.all("figure")) n += e.attributes.contains("data-name") && e.attributes.at("data-name") == name;
  return n;
}

TEST_CASE("report: every figure of metrics.json, as printed") {
  const ReportPlace place;
  const Outcome outcome = place.test();
  check_outcome(outcome, 0, {});
  CHECK(contains(outcome.out, "report: results/report.html"));
  const PageReader page = place.page();
  check_loads_nothing(page);
  const ordered_json metrics = read_json(place / "results/metrics.json");
  for (const char* method : {"network", "EXP"}) {
    for (const auto& [name, value] : metrics[method]["mean"].items()) {
      INFO(method << " " << name);
      CHECK(has_figure(page, value.get<double>()));
      // What is shown is a rounding of what is printed on the terminal.
      CHECK(contains(outcome.out, fmt::format("{:.4f}", value.get<double>())));
    }
  }
  for (const auto& image : metrics["network"]["images"]) {
    for (const auto& [name, value] : image.items()) CHECK_MESSAGE(has_figure(page, value.get<double>()), name);
  }
  for (const auto& image : metrics["EXP"]["images"]) CHECK(page.says(fmt::format("{:.4f}", image["SAM"].get<double>())));
  for (const auto& [name, value] : metrics["EXP"]["std"].items()) {
    const int digits = name.starts_with("PSNR") ? 2 : 4;
    CHECK_MESSAGE(page.says(fmt::format("± {:.{}f}", value.get<double>(), digits)), name);
  }
  for (const auto& [shown, exact] : figures_in(page)) {
    std::string plain = shown;
    if (plain.starts_with("\u2212")) plain.replace(0, 3, "-");
    const std::size_t point = plain.find('.');
    const double step = point == std::string::npos ? 1 : std::pow(10.0, -static_cast<double>(plain.size() - point - 1));
    CHECK_MESSAGE(std::abs(std::stod(plain) - std::stod(exact)) <= 0.501 * step, shown, " for ", exact);
  }
  CHECK(page.says(metrics["conventions"].get<std::string>()));
}

TEST_CASE("report: checkpoint, machine, command, pictures, histograms, meanings") {
  const ReportPlace place;
  check_outcome(place.test({"--report-images", "5"}), 0, {});
  const PageReader page = place.page();
  CHECK(page.says(file_checksum(place / "net.cfk")));
  CHECK(page.has_text("test --checkpoint net.cfk --data images.h5 --out results --report-images 5"));
  CHECK(page.has_text("\"schedule\""));  // the configuration
  for (const char* fact : {"Processor", "Threads", "Peak memory", "Parameters", "Step", "Fusing"})
    CHECK_MESSAGE(page.says(fact), fact);
  for (const char* name : {"PAN", "LMS (EXP)", "CF2N", "Ground truth", "Error of EXP", "Error of CF2N", "Detail D"})
    CHECK_MESSAGE(looks_in(page, name) == 3, name);
  for (const char* band : {"Band 1, blue", "Band 4, NIR"}) CHECK_MESSAGE(page.says(band), band);
  CHECK(page.has_text("mean angle between the spectra"));
  // It lies in no run folder.
  CHECK(!page.says("Training"));
  CHECK(!page.has_text("Published"));
}

TEST_CASE("report: few images, no pictures, another place") {
  const ReportPlace place;
  check_outcome(place.test({"--report-images", "1", "--report", "one.html"}), 0, {"", ""});
  CHECK(looks_in(place.page("one.html"), "PAN") == 1);
  CHECK(!std::filesystem::exists(place / "results/report.html"));
  check_outcome(place.test({"--no-pictures"}), 0, {});
  const PageReader plain = place.page();
  CHECK(looks_in(plain, "PAN") == 0);
  CHECK(plain.has_text("Band by band"));
  check_refused(place.test({"--report-images", "-1"}), {"report-images"});
}

TEST_CASE("report: full resolution; two sets on one page") {
  const ReportPlace place;
  write_set<float>(place / "full.h5", {.samples = 1, .height = 16, .width = 16, .gt = false});
  ordered_json config = small_experiment();
  config["data"]["test"] = "images.h5";
  config["data"]["test_full"] = "full.h5";
  write_json(place / "both.json", config);
  check_outcome(place.run({"test", "both.json", "--checkpoint", "net.cfk", "--out", "results"}), 0, {});
  const PageReader page = place.page();
  check_loads_nothing(page);
  CHECK(page.says("Reduced resolution"));
  CHECK(page.says("Full resolution"));
  const ordered_json full = read_json(place / "results/full/metrics.json");
  for (const auto& [name, value] : full["network"]["mean"].items()) CHECK_MESSAGE(has_figure(page, value.get<double>()), name);
}

TEST_CASE("report: names from outside are text") {
  const std::string name = "a<img src=x onerror='alert(1)'>&\"b.h5";
  const ReportPlace place(name);
  check_outcome(place.test({}, name), 0, {});
  const PageReader page = place.page();
  check_loads_nothing(page);
  CHECK(page.has_text(name));
}

TEST_CASE("report: curves of the run that a checkpoint lies in") {
  const ReportPlace place;
  write_set<float>(place / "valid.h5", {.samples = 1, .height = 16, .width = 16});
  check_outcome(place.train("run", {"train.max_steps=8", "train.validate_every=1", "data.valid=valid.h5"}), 0, {});
  {
    std::ofstream log(place / "run/log.jsonl", std::ios::app);
    log << "{\"step\":9,\"lo";  // a run that was killed while it wrote
  }
  check_outcome(place.run({"test", "--checkpoint", "run/last.cfk", "--data", "images.h5", "--out", "results"}), 0, {});
  const PageReader page = place.page();
  for (const char* title : {"Training", "Training loss", "Learning rate"}) CHECK_MESSAGE(page.says(title), title);
  CHECK(page.has_text("8 steps in"));
  CHECK(page.has_text("Validation: ERGAS"));
  CHECK(page.says("checkpoint"));
}

TEST_CASE("report: a place that cannot be written is an error before the work") {
  const ReportPlace place;
  std::filesystem::create_directory(place / "folder");
  check_refused(place.test({"--report", "missing/report.html"}), {"missing", "not a folder"});
  check_refused(place.test({"--report", "folder"}), {"folder", "a folder of that name"});
  CHECK(!std::filesystem::exists(place / "results"));
  write_file(place / "file", "");
  check_refused(place.run({"test", "--checkpoint", "net.cfk", "--data", "images.h5", "--out", "file/results"}), {"file"});
}

TEST_CASE("report: a full disk leaves the report that stood there") {
  const ReportPlace place;
  check_outcome(place.test(), 0, {});
  const auto size = std::filesystem::file_size(place / "results/report.html");
  const auto fused = std::filesystem::file_size(place / "results/fused.h5");
  REQUIRE(size > fused + 1000);  // else another file would be the first that does not fit
  write_file(place / "results/report.html", "an older report");
  check_refused(place.test({}, "images.h5", {.file_limit = size - 500}), {"report.html"});
  CHECK(read_text(place / "results/report.html") == "an older report");
  for (const std::string& name : place.names("results")) CHECK_MESSAGE(!contains(name, ".tmp"), name);
}

TEST_CASE("report: quality against steps") {
  const Workplace place;
  ordered_json config = small_experiment();
  config["model"] = {{"name", "ssdiff"}, {"ssdiff", {{"dim", 8}, {"head_dim", 8}}}};
  config["tiles"] = {{"size", 16}, {"stride", 8}};
  config["loss"] = {{"name", "l1"}};
  write_json(place / "small.json", config);
  write_set<float>(place / "images.h5", {.samples = 1, .height = 8, .width = 8});
  check_outcome(place.train("run", {"train.max_steps=1"}), 0, {});
  check_outcome(place.run({"test", "--checkpoint", "run/last.cfk", "--data", "images.h5", "--out", "results", "--steps", "1,2",
                           "--sampler", "ddim,dpmpp"}),
                0, {});
  const PageReader page(read_text(place / "results/report.html"));
  check_loads_nothing(page);
  CHECK(page.says("Quality against steps"));
  for (const auto& row : read_json(place / "results/steps.json")["rows"]) {
    for (const auto& [name, value] : row["mean"].items()) CHECK_MESSAGE(has_figure(page, value.get<double>()), name);
  }
  CHECK(page.says("dpmpp2m"));
}

}  // namespace
}  // namespace cf::test
