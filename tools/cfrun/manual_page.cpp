#include <fmt/format.h>

#include "tools/cfrun/command_text.h"

namespace cf {
namespace {

constexpr const char* kDescription = R"(.SH DESCRIPTION
.B cfrun
makes one sharp multispectral image of a sharp grey satellite image (PAN) and a coarse multispectral one (MS). It trains networks for that, tests
them, and runs them and classical methods on georeferenced scenes of any size.
.PP
Everything about an experiment stands in one configuration file in JSON.
.B cfrun schema
prints its schema; every key is listed under CONFIGURATION and can be overridden by
.BR "\-\-set key=value" .
.SH COMMANDS
)";

constexpr const char* kEnd = R"(.SH EXIT STATUS
.TP
.B 0
done
.TP
.B 1
a check failed, such as
.BR gradcheck ,
.B diff
or
.BR "kernels check" ;
or a failure inside the program
.TP
.B 2
bad input or configuration: the message says what, where and what to do
.TP
.B 128 + signal
interrupted, after saving
.SH FILES
.TP
.I /usr/share/cfrun/configs
configurations to begin with
.TP
.I /usr/share/doc/cfrun/docs
data, metrics, models, kernels, design
.TP
.I /usr/lib/cfrun/libcf_gdal.so
loaded when the first raster is opened; it brings in GDAL
.SH SEE ALSO
.BR gdalinfo (1),
.BR gdalwarp (1)
)";

// Text that roff prints as it is.
std::string plain(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '\\': out += "\\e"; break;
      case '-': out += "\\-"; break;
      case '\'': out += "\\(aq"; break;
      case '`': out += "\\(ga"; break;
      case '^': out += "\\(ha"; break;
      case '~': out += "\\(ti"; break;
      case '\n': out += ' '; break;
      default: out += c;
    }
  }
  return out.starts_with('.') ? "\\&" + out : out;
}

std::string bold(const std::string& text) { return "\\fB" + plain(text) + "\\fR"; }
std::string slanted(const std::string& text) { return "\\fI" + plain(text) + "\\fR"; }

std::string heading(const OptionText& option, bool positional) {
  std::string line;
  for (const std::string& name : option.names) {
    line += line.empty() ? "" : ", ";
    line += positional ? slanted(name) : bold(name);
  }
  if (!positional && !option.value.empty()) line += " " + slanted(option.value);
  return line;
}

// The line of the command itself: what is needed, and that there is more.
std::string usage(const CommandText& command) {
  std::string line = bold(command.path) + " [" + slanted("option") + "]...";
  for (const OptionText& option : command.options) {
    if (option.required) line += " " + bold(option.names.back()) + " " + slanted(option.value) + (option.many ? "..." : "");
  }
  for (const OptionText& argument : command.arguments) {
    const std::string word = slanted(argument.names.front()) + (argument.many ? "..." : "");
    line += argument.required ? " " + word : " [" + word + "]";
  }
  if (!command.commands.empty()) line += " " + slanted("command");
  return line + "\n";
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string entry(const OptionText& option, bool positional) {
  std::string text = plain(option.description);
  if (!option.choices.empty()) text += "; one of " + plain(joined(option.choices));
  if (!option.standard.empty()) text += "; by default " + plain(option.standard);
  if (!option.environment.empty()) text += "; also by the environment variable " + bold(option.environment);
  return ".TP\n" + heading(option, positional) + "\n" + text + "\n";
}

std::string section(const CommandText& command) {
  std::string text = ".SS " + plain(command.path) + "\n" + usage(command) + ".PP\n" + plain(command.description) + ".\n";
  for (const OptionText& argument : command.arguments) text += entry(argument, true);
  for (const OptionText& option : command.options) text += entry(option, false);
  for (const CommandText& inner : command.commands) text += section(inner);
  return text;
}

}  // namespace

std::string manual_page(const CommandText& program, const std::vector<KeyText>& keys) {
  std::string text = fmt::format(".TH CFRUN 1 \"\" \"cfrun {}\" \"User Commands\"\n", CF_VERSION);
  text += ".SH NAME\ncfrun \\- train and run pan\\-sharpening networks\n.SH SYNOPSIS\n" + usage(program) + kDescription;
  for (const CommandText& command : program.commands) text += section(command);
  text += ".SH OPTIONS\n";
  for (const OptionText& option : program.options) text += entry(option, false);
  text += ".SH CONFIGURATION\n";
  for (const KeyText& key : keys) {
    text += ".TP\n" + bold(key.path) + (key.standard.empty() ? "" : " (" + plain(key.standard) + ")") + "\n" +
            plain(key.description) + "\n";
  }
  return text + kEnd;
}

}  // namespace cf
