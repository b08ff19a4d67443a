// Pieces of reports: words, numbers, colours, pictures, charts, pages.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <sstream>

#include "data/report/chart.h"
#include "data/report/chart_frame.h"
#include "data/report/colour_map.h"
#include "data/report/histogram.h"
#include "data/report/html.h"
#include "data/report/page.h"
#include "data/report/quicklook.h"
#include "tests/harness/markup.h"
#include "tests/harness/temp_folder.h"

using namespace cf;
using test::contains;
using test::error_of;
using test::PageReader;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();
const std::string kNasty = "a<b>&\"c'\x01\xFF.tif";

// Width, height and colour type as a PNG file says them.
struct PngHead {
  explicit PngHead(const std::string& png) {
    REQUIRE(png.substr(1, 3) == "PNG");
    const auto number = [&](std::size_t at) {
      unsigned v = 0;
      for (std::size_t i = 0; i < 4; ++i) v = v << 8U | static_cast<unsigned char>(png[at + i]);
      return v;
    };
    width = number(16);
    height = number(20);
    colour = png[25];
  }
  unsigned width = 0, height = 0;
  int colour = 0;  // 0 grey, 2 RGB, 4 grey and opacity, 6 RGB and opacity
};

// Lightness as the eye sees it (CIE L*).
double lightness(const Colour& c) {
  double y = 0;
  for (const auto& [channel, weight] : {std::pair{0, 0.2126}, {1, 0.7152}, {2, 0.0722}}) {
    const double v = c[static_cast<std::size_t>(channel)] / 255.0;
    y += weight * (v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4));
  }
  return 116 * std::cbrt(y) - 16;
}

}  // namespace

TEST_CASE("html: text is escaped") {
  CHECK(html::escape(kNasty) == "a&lt;b&gt;&amp;&quot;c&#39;\xEF\xBF\xBD\xEF\xBF\xBD.tif");
  CHECK(html::escape("Zürich → 東京 😀\n") == "Zürich → 東京 😀\n");
  // An overlong slash, half a character, a surrogate.
  CHECK(html::escape("\xC0\xAF") == "\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK(html::escape("\xE6\x9D") == "\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK(html::escape("\xED\xA0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST_CASE("html: base64 as RFC 4648 has it") {
  const std::pair<const char*, const char*> cases[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : cases) CHECK(html::data_uri("a/b", plain) == std::string("data:a/b;base64,") + coded);
  CHECK(html::data_uri("a/b", "\xFF\xFE\xFD") == "data:a/b;base64,//79");
}

TEST_CASE("html: numbers for people") {
  CHECK(html::count(999) == "999");
  CHECK(html::count(1426616) == "1\u202F426\u202F616");
  CHECK(html::count(-1000) == "\u22121\u202F000");
  CHECK(html::bytes(1023) == "1023 B");
  CHECK(html::bytes(1536) == "1.5 KiB");
  CHECK(html::bytes(std::int64_t{3} << 30) == "3.0 GiB");
  CHECK(html::duration(0.0042) == "4.20 ms");
  CHECK(html::duration(0.25) == "250 ms");
  CHECK(html::duration(42.14) == "42.1 s");
  CHECK(html::duration(59.96) == "1 min 0 s");
  CHECK(html::duration(7500) == "2 h 5 min");
  CHECK(html::fixed(-1.25, 1) == "\u22121.2");
  CHECK(html::fixed(-0.001, 2) == "0.00");
  CHECK(html::fixed(kNan, 2) == "n/a");
  CHECK(html::fixed(-kInf, 2) == "\u2212\u221E");
  CHECK(html::shortest(0.30000000000000004) == "0.3");
  CHECK(html::shortest(-0.0) == "0");
  CHECK(html::percent(0.5) == "50.0 %");
  CHECK(html::percent(0) == "0 %");
  CHECK(html::percent(1e-6) == "0.0001 %");
}

TEST_CASE("colour maps: even lightness, ends and middle") {
  CHECK(colour_of(ColourMap::viridis, 0) == Colour{68, 1, 84});
  CHECK(colour_of(ColourMap::viridis, 1) == Colour{253, 231, 37});
  CHECK(colour_of(ColourMap::viridis, 7) == colour_of(ColourMap::viridis, 1));
  CHECK(colour_of(ColourMap::viridis, kNan) == colour_of(ColourMap::viridis, 0));
  for (int i = 0; i < 32; ++i) {
    const double rise =
        lightness(colour_of(ColourMap::viridis, (i + 1) / 32.0)) - lightness(colour_of(ColourMap::viridis, i / 32.0));
    CHECK(rise > 1.0);  // of some 76 over all, in 32 steps
    CHECK(rise < 4.0);
  }
  const double middle = lightness(colour_of(ColourMap::diverging, 0.5));
  CHECK(middle > 94);
  for (int i = 1; i <= 16; ++i) {
    const double left = lightness(colour_of(ColourMap::diverging, 0.5 - i / 32.0));
    const double right = lightness(colour_of(ColourMap::diverging, 0.5 + i / 32.0));
    CHECK(left < lightness(colour_of(ColourMap::diverging, 0.5 - (i - 1) / 32.0)));
    CHECK(std::abs(left - right) < 4);
  }
  CHECK(css_gradient(ColourMap::viridis).starts_with("linear-gradient(90deg,#440154,"));
}

TEST_CASE("quicklooks: grey, colour, no data, thinning") {
  std::vector<double> values(6 * 5 * 3);
  std::iota(values.begin(), values.end(), 0.0);
  Tensor image = Tensor::from({6, 5, 3}, values);
  const Stretch colours = percentile_stretch(image, {2, 1, 0});
  const Quicklook rgb = quicklook(image, colours);
  CHECK(rgb.height == 6);
  CHECK(PngHead(rgb.png).width == 5);
  CHECK(PngHead(rgb.png).colour == 2);
  CHECK(PngHead(quicklook(image, percentile_stretch(image, {1, 1, 1})).png).colour == 0);

  image.span<double>()[0] = kNan;  // pixel 0, band 0
  CHECK(PngHead(quicklook(image, colours).png).colour == 6);
  CHECK(PngHead(quicklook(image, percentile_stretch(image, {0, 0, 0})).png).colour == 4);
  CHECK(thinning(image, 1024) == 1);
  CHECK(thinning(image, 4) == 2);
  const Tensor thin = thinned(image, 4);  // 2 x 2
  CHECK(thin.shape() == Shape{2, 2, 3});
  // Band 0 of rows 0..3, columns 0..3: 15 y + 3 x, whose mean is 27, without the first, which is 0.
  CHECK(thin.span<double>()[0] == doctest::Approx(27.0 * 16 / 15));
  CHECK(thin.span<double>()[1] == doctest::Approx(28.0));
  // The last column alone: rows 4 and 5, band 2.
  CHECK(thin.span<double>()[11] == doctest::Approx((15 * 4.5) + 12 + 2));
  CHECK(contains(error_of([&] { quicklook(image, {.bands = {0, 1, 3}}); }), "band 3 of 3"));
}

TEST_CASE("quicklooks: error maps and magnitudes") {
  const Tensor a = Tensor::from({1, 2, 2}, std::vector<double>{1, 2, 3, 4});
  const Tensor b = Tensor::from({1, 2, 2}, std::vector<double>{0, 4, 3, kNan});
  const Tensor error = error_map(a, b);
  CHECK(error.shape() == Shape{1, 2, 1});
  CHECK(error.span<double>()[0] == doctest::Approx(1.5));
  CHECK(std::isnan(error.span<double>()[1]));
  CHECK(band_mean(a).span<double>()[1] == doctest::Approx(3.5));
  CHECK(magnitude(b, 100) == 4);
  CHECK(magnitude(Tensor::from({1, 1, 1}, std::vector<double>{kNan}), 50) == 0);
  CHECK(contains(error_of([&] { error_map(a, Tensor::zeros({1, 2, 3}, DType::f64)); }), "against"));
}

TEST_CASE("histograms: counts, ends, percentiles") {
  BandHistograms h(2, 0, 100, 10);
  h.add(Tensor::from({2, 2, 2}, std::vector<double>{5, -3, 15, 250, 15, kNan, 95, 50}));
  CHECK(h.total(0) == 4);
  CHECK(h.total(1) == 3);
  CHECK(h.counts(0)[1] == 2);
  CHECK(h.counts(1)[0] == 1);
  CHECK(h.counts(1)[9] == 1);
  CHECK(h.percentile(0, 0) == 0);
  CHECK(h.percentile(0, 100) == 100);
  CHECK(h.percentile(0, 50) == 10);
  CHECK(BandHistograms(1, 3, 4).percentile(0, 50) == 3);
  CHECK(contains(error_of([&] { h.add(Tensor::zeros({1, 1, 3})); }), "3 bands, 2"));
}

TEST_CASE("charts: ticks are round and inside") {
  const auto check_ticks = [](double low, double high, bool logarithmic, const std::vector<double>& expected) {
    const auto found = ticks({low, high, true}, logarithmic, 4);
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i] == doctest::Approx(expected[i]));
  };
  check_ticks(0, 100, false, {0, 50, 100});
  check_ticks(-0.13, 0.27, false, {-0.1, 0, 0.1, 0.2});
  check_ticks(0.9, 1100, true, {1, 10, 100, 1000});
  check_ticks(0.8, 21, true, {1, 2, 5, 10, 20});
}

TEST_CASE("charts: what cannot be drawn is left out") {
  LineChart chart{.title = kNasty, .x = {.label = "<x>"}, .y = {.label = "", .logarithmic = true}, .series = {}};
  CHECK(line_chart(chart).empty());
  chart.series = {{.name = "a", .x = {1, 2, 3, 4}, .y = {0.1, kNan, -5, 0.2}, .points = true}};
  const std::string one = line_chart(chart);
  CHECK(contains(one, "&lt;b&gt;"));
  CHECK(!contains(one, "<b>"));
  CHECK(!contains(one, "nan"));
  const auto circles = [](const std::string& svg) {
    std::size_t n = 0;
    for (std::size_t at = svg.find("<circle"); at != std::string::npos; at = svg.find("<circle", at + 1)) ++n;
    return n;
  };
  CHECK(circles(one) == 2);
  CHECK(!contains(one, "legend"));
  // Ticks that are near each other are told apart; one point alone is seen.
  const std::string flat =
      line_chart({.title = "t", .x = {}, .y = {}, .series = {{.name = "a", .x = {1, 2}, .y = {15.0054, 15.0167}}}});
  CHECK(contains(flat, ">15.01<"));
  CHECK(contains(flat, ">15.015<"));
  CHECK(circles(line_chart({.title = "t", .x = {}, .y = {}, .series = {{.name = "a", .x = {1}, .y = {2}}}})) == 1);
  chart.series.push_back({.name = "b", .ink = Ink::exp, .x = {1}, .y = {0.1}});
  CHECK(contains(line_chart(chart), "legend"));
  // One value only, in each kind.
  CHECK(!contains(dot_chart({.title = "t", .label = "l", .rows = {{.name = "r", .values = {2}}}}), "nan"));
  CHECK(dot_chart({.title = "t", .label = "l", .rows = {{.name = "r", .values = {kNan}}}}).empty());
}

TEST_CASE("charts: long curves are condensed to means with their range") {
  Series series{.name = "s"};
  for (int i = 0; i < 1000; ++i) {
    series.x.push_back(i);
    series.y.push_back(i % 2 == 0 ? 1 : 3);
  }
  const Series few = condensed(series, 10);
  REQUIRE(few.y.size() == 10);
  CHECK(few.x[0] == doctest::Approx(49.5));
  CHECK(few.y[3] == doctest::Approx(2));
  CHECK(few.low[3] == 1);
  CHECK(few.high[3] == 3);
  CHECK(condensed(series, 1000).low.empty());
}

TEST_CASE("pages: well-formed, escaped, nothing loaded") {
  const Quicklook picture = quicklook(Tensor::zeros({4, 4, 1}), {.bands = {0, 0, 0}, .low = {0, 0, 0}, .high = {1, 1, 1}});
  Page page(kNasty, kNasty, kNasty);
  page.section(kNasty, kNasty);
  page.subsection(kNasty);
  page.paragraph(kNasty);
  page.warning(kNasty);
  page.cards({{kNasty, kNasty, kNasty}});
  Cell number = cell("1.5");
  number.exact = "1.4999";
  number.best = true;
  page.table({.caption = kNasty, .head = {{kNasty, kNasty}, {"b", ""}}, .rows = {{cell(kNasty), number}}});
  page.folded_table(kNasty, {.caption = "", .head = {{"a", ""}}, .rows = {}, .words = true});
  page.facts({{kNasty, kNasty}, {"left out", ""}});
  page.folded_text(kNasty, kNasty);
  page.viewer({.title = kNasty,
               .note = kNasty,
               .pictures = {{kNasty, kNasty, picture, {}, ""}, {"map", "m", picture, MapScale{}, kNasty}},
               .left = 0,
               .right = 1});
  page.charts({dot_chart({.title = kNasty, .label = kNasty, .rows = {{.name = kNasty, .values = {1, 2}}}}), ""}, true,
              legend({{kNasty, Ink::third}}));
  const PageReader reader(page.markup(kNasty));
  check_loads_nothing(reader);
  CHECK(reader.says("a<b>&\"c'\uFFFD\uFFFD.tif"));
  CHECK(!reader.says("left out"));
  CHECK(reader.all("b").empty());
  const auto cells = reader.all("td");
  REQUIRE(cells.size() == 1);
  CHECK(cells[0].attributes.at("data-value") == "1.4999");
  // Every picture says what it shows; those of the divider's template are filled by the script.
  for (const auto& image : reader.all("img"))
    CHECK((image.attributes.at("src") == "data:," || !image.attributes.at("alt").empty()));
}
