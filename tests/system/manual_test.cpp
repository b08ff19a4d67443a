// The manual page and the completions: all that the help of the program names, in a form that man and the shells take.
#include <algorithm>
#include <cstdio>
#include <regex>
#include <set>
#include <sstream>

#include "framework/io/files.h"
#include "tests/system/workplace.h"

namespace cf::test {
namespace {

std::string printed(const Workplace& place, const Arguments& arguments) {
  const Outcome outcome = place.run(arguments);
  check_outcome(outcome, 0, {});
  return outcome.out;
}

// What a shell prints; empty where it fails.
std::string shell(const std::string& command) {
  std::string text;
  FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) text += static_cast<char>(c);
  return ::pclose(pipe) == 0 ? text : std::string();
}

bool has(const std::string& program) { return !shell("command -v " + program).empty(); }

std::set<std::string> words(const std::string& text) {
  std::istringstream in(text);
  std::set<std::string> result;
  for (std::string word; in >> word;) result.insert(word);
  return result;
}

// Commands as the help lists them under "Subcommands:".
std::vector<std::string> commands_in(const std::string& help) {
  std::vector<std::string> names;
  std::istringstream in(help.substr(std::min(help.size(), help.find("Subcommands:"))));
  std::string line;
  std::getline(in, line);
  static const std::regex name("^  ([a-z]+)  .*");
  std::smatch match;
  while (std::getline(in, line)) {
    if (std::regex_match(line, match, name)) names.push_back(match[1]);
  }
  return names;
}

// Calls fn(words of the command, its help) for every command, those of commands too.
template <class F>
void for_each_help(const Workplace& place, const Arguments& command, F&& fn) {
  Arguments ask = command;
  ask.emplace_back("--help");
  const std::string help = printed(place, ask);
  fn(command, help);
  for (const std::string& name : commands_in(help)) {
    Arguments inner = command;
    inner.push_back(name);
    for_each_help(place, inner, fn);
  }
}

// The long options at the beginning of a help's lines.
std::vector<std::string> options_in(const std::string& help) {
  static const std::regex option(R"(^  (?:-\w,)?(--[a-z][a-z0-9-]*))");
  std::vector<std::string> found;
  std::istringstream in(help);
  std::smatch match;
  for (std::string line; std::getline(in, line);) {
    if (std::regex_search(line, match, option)) found.push_back(match[1]);
  }
  return found;
}

std::string with_escaped_dashes(std::string text) {
  for (std::size_t at = text.find('-'); at != std::string::npos; at = text.find('-', at + 2)) text.insert(at, "\\");
  return text;
}

// What bash offers for the last of some words.
std::set<std::string> bash_offers(const std::filesystem::path& script, const std::vector<std::string>& typed) {
  std::string line = "bash --norc --noprofile -c '. " + script.string() + "; COMP_WORDS=(";
  for (const std::string& word : typed) line += "\"" + word + "\" ";
  line += "); COMP_CWORD=" + std::to_string(typed.size() - 1) + "; _cfrun; printf \"%s\\n\" \"${COMPREPLY[@]}\"'";
  return words(shell(line));
}

TEST_CASE("manual: every command and option of the help stands in it") {
  const Workplace place;
  const std::string page = printed(place, {"manual"});
  int options = 0;
  for_each_help(place, {}, [&](const Arguments& command, const std::string& help) {
    std::string title = "cfrun";
    for (const std::string& word : command) title += " " + word;
    INFO(title);
    CHECK((command.empty() || contains(page, ".SS " + title + "\n")));
    const std::size_t begin = command.empty() ? page.find(".SH OPTIONS") : page.find(".SS " + title + "\n");
    const std::string section = page.substr(begin, page.find("\n.S", begin + 1) - begin);
    for (const std::string& option : options_in(help)) {
      ++options;
      CHECK_MESSAGE(contains(section, "\\fB" + with_escaped_dashes(option) + "\\fR"), option);
    }
  });
  CHECK(options > 50);
  for (const char* key : {"train.batch", "model.cf2n.channels", "optimizer.lr"}) CHECK(contains(page, std::string("\\fB") + key));
}

TEST_CASE("manual: man shows it without complaint") {
  if (!has("groff")) {
    MESSAGE("skipped: no groff here");
    return;
  }
  const Workplace place;
  write_file(place / "cfrun.1", printed(place, {"manual"}));
  const std::string file = (place / "cfrun.1").string();
  CHECK(shell("groff -man -Tascii -ww -z " + file + " 2>&1; echo end") == "end\n");
  const std::string text = shell("groff -man -Tascii -P-c -P-b -P-u " + file);
  for (const char* part : {"NAME", "cfrun train", "--resume", "EXIT STATUS"}) CHECK_MESSAGE(contains(text, part), part);
}

TEST_CASE("completion: bash is offered every command and option of the help, keys and choices") {
  const Workplace place;
  const auto script = place / "cfrun.bash";
  write_file(script, printed(place, {"completion", "bash"}));
  for_each_help(place, {}, [&](const Arguments& command, const std::string& help) {
    std::vector<std::string> typed = {"cfrun"};
    typed.insert(typed.end(), command.begin(), command.end());
    typed.emplace_back("--");
    std::set<std::string> offers = bash_offers(script, typed);
    for (const std::string& option : options_in(help)) CHECK_MESSAGE(offers.count(option) == 1, option);
    const std::vector<std::string> inner = commands_in(help);
    if (inner.empty()) return;
    typed.back() = "";
    offers = bash_offers(script, typed);
    CHECK(offers == std::set<std::string>(inner.begin(), inner.end()));
  });
  CHECK(bash_offers(script, {"cfrun", "tr"}) == std::set<std::string>{"train"});
  CHECK(bash_offers(script, {"cfrun", "train", "--set", "train.bat"}) == std::set<std::string>{"train.batch="});
  CHECK(bash_offers(script, {"cfrun", "completion", ""}) == std::set<std::string>{"bash", "zsh"});
  CHECK(bash_offers(script, {"cfrun", "synth", "--sensor", "w"}).count("wv3") == 1);
  CHECK(bash_offers(script, {"cfrun", "train", "--out", ""}).empty());  // names of files, which bash itself completes
}

TEST_CASE("completion: zsh takes the script, which names every option") {
  const Workplace place;
  const std::string text = printed(place, {"completion", "zsh"});
  CHECK(text.starts_with("#compdef cfrun\n"));
  for_each_help(place, {}, [&](const Arguments&, const std::string& help) {
    for (const std::string& option : options_in(help)) CHECK_MESSAGE(contains(text, "'*" + option + "["), option);
  });
  if (!has("zsh")) {
    MESSAGE("zsh itself was not asked: it is not here");
    return;
  }
  write_file(place / "_cfrun", text);
  CHECK(shell("zsh -f -n " + (place / "_cfrun").string() + " 2>&1; echo end") == "end\n");
}

}  // namespace
}  // namespace cf::test
