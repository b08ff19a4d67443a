#include "data/report/page.h"

#include <fmt/format.h>

#include "data/report/html.h"
#include "data/report/page_parts.h"

namespace cf {
namespace {

using html::escape;

std::string attribute(const std::string& name, const std::string& value) {
  return value.empty() ? "" : fmt::format(" {}=\"{}\"", name, escape(value));
}

std::string small(const std::string& text) { return text.empty() ? "" : "<small>" + escape(text) + "</small>"; }

std::string head_of(const PageTable& table) {
  std::string row;
  for (const Column& column : table.head) {
    const std::string name = column.about.empty()
                                 ? escape(column.name)
                                 : fmt::format("<abbr{}>{}</abbr>", attribute("title", column.about), escape(column.name));
    row += "<th scope=\"col\">" + name + "</th>";
  }
  return "<thead><tr>" + row + "</tr></thead>";
}

std::string row_of(const std::vector<Cell>& cells) {
  std::string row;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const Cell& c = cells[i];
    const std::string text = c.best ? "<strong>" + escape(c.text) + "</strong>" : escape(c.text);
    const std::string exact = attribute("title", c.exact) + attribute("data-value", c.exact);
    row +=
        i == 0 ? "<th scope=\"row\">" + text + small(c.below) + "</th>" : "<td" + exact + ">" + text + small(c.below) + "</td>";
  }
  return "<tr>" + row + "</tr>\n";
}

std::string markup_of(const PageTable& table) {
  std::string rows;
  for (const auto& row : table.rows) rows += row_of(row);
  const std::string caption = table.caption.empty() ? "" : "<p class=\"caption\">" + escape(table.caption) + "</p>";
  return fmt::format(
      "<div class=\"box\">{}<div class=\"scroll\" role=\"region\" tabindex=\"0\" "
      "aria-label=\"{}\"><table{}>{}<tbody>\n{}</tbody></table>"
      "</div></div>\n",
      caption, table.caption.empty() ? "Table" : escape(table.caption), table.words ? " class=\"words\"" : "", head_of(table),
      rows);
}

std::string colour_bar(const MapScale& scale, const std::string& unit) {
  const std::string low = html::shortest(scale.low, 3);
  const std::string high = html::shortest(scale.high, 3) + (unit.empty() ? "" : " " + unit);
  return fmt::format(
      "<div class=\"bar\" style=\"background:{}\" role=\"img\" aria-label=\"colours from {} to {}\"></div>"
      "<div class=\"ends\"><span>{}</span><span>{}</span><span>{}</span></div>",
      css_gradient(scale.colours), escape(low), escape(high), escape(low), html::shortest((scale.low + scale.high) / 2, 3),
      escape(high));
}

std::string markup_of(const Shown& shown) {
  return fmt::format(
      "<figure class=\"look\" data-name=\"{}\"><img src=\"{}\" width=\"{}\" height=\"{}\" alt=\"{}\"/>"
      "<figcaption>{}</figcaption>{}</figure>\n",
      escape(shown.name), html::data_uri("image/png", shown.picture.png), shown.picture.width, shown.picture.height,
      escape(shown.about), escape(shown.name), shown.scale ? colour_bar(*shown.scale, shown.unit) : "");
}

constexpr std::size_t kLongFact = 60;    // characters that make a fact take a line of its own
constexpr std::size_t kFewPictures = 4;  // beside the divider

// What a page may load: nothing but what it carries.
constexpr const char* kPolicy =
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\"/>\n";

}  // namespace

Cell cell(std::string text) { return {.text = std::move(text), .exact = {}, .below = {}}; }

Page::Page(std::string kind, std::string title, std::string lead)
    : kind_(std::move(kind)), title_(std::move(title)), lead_(std::move(lead)) {}

void Page::section(const std::string& title, const std::string& intro) {
  sections_.push_back(title);
  body_ += fmt::format("<h2 id=\"s{}\">{}</h2>\n", sections_.size(), escape(title));
  if (!intro.empty()) body_ += "<p class=\"intro\">" + escape(intro) + "</p>\n";
}

void Page::subsection(const std::string& title) { body_ += "<h3>" + escape(title) + "</h3>\n"; }

void Page::paragraph(const std::string& text) { body_ += "<p>" + escape(text) + "</p>\n"; }

void Page::warning(const std::string& text) { body_ += "<p class=\"warning\" role=\"note\">" + escape(text) + "</p>\n"; }

void Page::cards(const std::vector<Card>& cards) {
  body_ += "<dl class=\"cards\">";
  for (const Card& c : cards) {
    body_ += fmt::format("<div><dt>{}</dt><dd class=\"value\">{}</dd><dd class=\"below\">{}</dd></div>\n", escape(c.name),
                         escape(c.value), escape(c.below));
  }
  body_ += "</dl>\n";
}

void Page::table(const PageTable& table) { body_ += markup_of(table); }

void Page::folded_table(const std::string& summary, const PageTable& table) {
  body_ += "<details><summary>" + escape(summary) + "</summary>" + markup_of(table) + "</details>\n";
}

void Page::facts(const Facts& facts) {
  body_ += "<dl class=\"box facts\">";
  for (const auto& [name, value] : facts) {
    if (value.empty()) continue;
    body_ += fmt::format("<div{}><dt>{}</dt><dd>{}</dd></div>\n", value.size() > kLongFact ? " class=\"wide\"" : "", escape(name),
                         escape(value));
  }
  body_ += "</dl>\n";
}

void Page::folded_text(const std::string& summary, const std::string& text) {
  body_ += "<details><summary>" + escape(summary) + "</summary><pre tabindex=\"0\">" + escape(text) + "</pre></details>\n";
}

void Page::charts(const std::vector<std::string>& figures, bool small, const std::string& legend) {
  std::string all;
  for (const std::string& figure : figures) all += figure;
  if (!all.empty()) body_ += legend + (small ? "<div class=\"charts small\">" : "<div class=\"charts\">") + all + "</div>\n";
}

void Page::viewer(const Viewer& viewer) {
  std::string looks;
  std::string maps;  // in a row of their own, where there are many pictures
  for (const Shown& shown : viewer.pictures)
    (shown.scale && viewer.pictures.size() > kFewPictures ? maps : looks) += markup_of(shown);
  body_ += fmt::format(
      "<article class=\"viewer\" data-left=\"{}\" data-right=\"{}\"><h3>{}</h3><p>{}</p><div class=\"looks\">\n{}</div>\n",
      viewer.left, viewer.right, escape(viewer.title), escape(viewer.note), looks);
  if (!maps.empty()) body_ += "<div class=\"looks maps\">\n" + maps + "</div>\n";
  body_ += "</article>\n";
}

std::string Page::markup(const std::string& made) const {
  std::string links;
  for (std::size_t i = 0; i < sections_.size(); ++i)
    links += fmt::format("<li><a href=\"#s{}\">{}</a></li>", i + 1, escape(sections_[i]));
  std::string page = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n";
  page += kPolicy;
  page += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n";
  page += fmt::format("<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n", escape(title_), kPageStyle);
  page += fmt::format("<header class=\"page\"><div><p class=\"kind\">{}</p><h1>{}</h1><p class=\"lead\">{}</p>", escape(kind_),
                      escape(title_), escape(lead_));
  page += fmt::format("<nav aria-label=\"Sections\"><ul>{}</ul></nav></div></header>\n<main>\n", links);
  page += body_;
  page += "</main>\n";
  const auto size = static_cast<std::int64_t>(page.size() + kPageTemplate.size() + kPageScript.size());
  page +=
      fmt::format("<footer><p>{} This page is one file of {} and loads nothing.</p></footer>\n", escape(made), html::bytes(size));
  page += fmt::format("{}<script>{}</script>\n</body>\n</html>\n", kPageTemplate, kPageScript);
  return page;
}

}  // namespace cf
