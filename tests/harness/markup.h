// Pages read back by tests: whether they are well-formed, and what stands in them.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cf::test {

struct Element {
  std::string name;
  std::map<std::string, std::string> attributes;  // with entities resolved
  std::string text;                               // of its first piece of text, likewise
};

inline std::string resolved(std::string_view text) {
  static const std::map<std::string, std::string> kEntities = {
      {"amp", "&"}, {"lt", "<"}, {"gt", ">"}, {"quot", "\""}, {"#39", "'"}};
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '&') {
      plain += text[at];
      continue;
    }
    const std::size_t end = text.find(';', at);
    REQUIRE_MESSAGE(end != std::string_view::npos, "a bare & before: ", std::string(text.substr(at, 40)));
    const std::string name(text.substr(at + 1, end - at - 1));
    REQUIRE_MESSAGE(kEntities.contains(name), "unknown entity ", name);
    plain += kEntities.at(name);
    at = end;
  }
  return plain;
}

// The elements of a page in their order. Stricter than browsers: every element is closed, in order, attributes are quoted and
// stand once. Fails the test otherwise.
class PageReader {
 public:
  explicit PageReader(std::string page) : page_(std::move(page)) {
    constexpr std::string_view kDoctype = "<!DOCTYPE html>";
    REQUIRE(page_.starts_with(kDoctype));
    at_ = kDoctype.size();
    while (at_ < page_.size()) step();
    REQUIRE_MESSAGE(open_.empty(), "never closed: ", open_.empty() ? "" : open_.back());
  }

  const std::vector<Element>& elements() const { return elements_; }
  std::vector<Element> all(const std::string& name) const {
    std::vector<Element> found;
    std::copy_if(elements_.begin(), elements_.end(), std::back_inserter(found), [&](const Element& e) { return e.name == name; });
    return found;
  }
  // Whether some piece of text is exactly this.
  bool says(const std::string& text) const { return std::find(texts_.begin(), texts_.end(), text) != texts_.end(); }
  bool has_text(const std::string& part) const {
    return std::any_of(texts_.begin(), texts_.end(), [&](const std::string& t) { return t.find(part) != std::string::npos; });
  }

 private:
  void step() {
    if (page_[at_] == '<') {
      page_[at_ + 1] == '/' ? close() : open();
      return;
    }
    const std::size_t end = std::min(page_.find('<', at_), page_.size());
    const std::string text = resolved(std::string_view(page_).substr(at_, end - at_));
    texts_.push_back(text);
    if (!elements_.empty() && elements_.back().text.empty()) elements_.back().text = text;
    at_ = end;
  }
  void close() {
    const std::size_t end = page_.find('>', at_);
    const std::string name = page_.substr(at_ + 2, end - at_ - 2);
    REQUIRE_MESSAGE(!open_.empty(), "closes nothing: ", name);
    REQUIRE_MESSAGE(open_.back() == name, name, " closes ", open_.back());
    open_.pop_back();
    at_ = end + 1;
  }
  void open() {
    Element element;
    std::size_t at = page_.find_first_of(" \n/>", ++at_);
    element.name = page_.substr(at_, at - at_);
    for (at = page_.find_first_not_of(" \n", at); page_[at] != '>' && page_[at] != '/'; at = page_.find_first_not_of(" \n", at)) {
      const std::size_t equals = page_.find('=', at);
      const std::string name = page_.substr(at, equals - at);
      REQUIRE_MESSAGE(page_[equals + 1] == '"', "attribute ", name, " of ", element.name);
      const std::size_t end = page_.find('"', equals + 2);
      const std::string value = page_.substr(equals + 2, end - equals - 2);
      REQUIRE_MESSAGE(value.find('<') == std::string::npos, "attribute ", name, " of ", element.name);
      REQUIRE_MESSAGE(element.attributes.emplace(name, resolved(value)).second, name, " stands twice in ", element.name);
      at = end + 1;
    }
    const bool empty = page_[at] == '/';
    at_ = at + (empty ? 2 : 1);
    if (!empty) open_.push_back(element.name);
    const bool raw = element.name == "style" || element.name == "script";
    elements_.push_back(std::move(element));
    if (raw) at_ = page_.find("</" + open_.back() + ">", at_);
  }

  std::string page_;
  std::size_t at_ = 0;
  std::vector<std::string> open_;
  std::vector<Element> elements_;
  std::vector<std::string> texts_;
};

// Fails the test where a page would load anything: addresses are data, or places in the page.
inline void check_loads_nothing(const PageReader& page) {
  bool policy = false;
  for (const Element& e : page.elements()) {
    for (const char* name : {"src", "href", "srcset", "data", "action", "poster", "background"}) {
      const auto at = e.attributes.find(name);
      if (at == e.attributes.end()) continue;
      const bool inside = at->second.starts_with("data:") || at->second.starts_with("#");
      CHECK_MESSAGE(inside, e.name, " loads ", at->second.substr(0, 60));
    }
    CHECK(e.name != "link");
    CHECK(e.name != "iframe");
    const auto style = e.attributes.find("style");
    if (style != e.attributes.end()) CHECK(style->second.find("url(") == std::string::npos);
    policy = policy || (e.name == "meta" && e.attributes.contains("content") &&
                        e.attributes.at("content").starts_with("default-src 'none'; img-src data:;"));
  }
  CHECK(policy);
}

}  // namespace cf::test
