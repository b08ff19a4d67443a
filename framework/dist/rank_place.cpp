#include "framework/dist/rank_place.h"

#include <array>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "framework/core/check.h"

namespace cf {
namespace {

int number(std::string_view text, const char* variable) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  check(error == std::errc() && end == text.data() + text.size() && value >= 0, "{}={}: expected a number", variable, text);
  return value;
}

std::optional<int> number_of(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr || *text == '\0') return std::nullopt;
  return number(text, variable);
}

// The names that one kind of launcher uses.
struct Names {
  const char* size;
  const char* rank;
  bool alone_is_none;  // one rank of it is a process by itself
};

// In the order in which they are asked: mpirun inside a Slurm job leaves both. SLURM_NTASKS would not do in the second's place:
// the script of a job has it, too, though srun did not start it.
constexpr std::array<Names, 3> kLaunchers = {{
    {"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", false},
    {"SLURM_STEP_NUM_TASKS", "SLURM_PROCID", true},
    {"PMI_SIZE", "PMI_RANK", true},
}};

// "1/2:5,6"
RankPlace started_by_cfrun(std::string_view text) {
  const auto slash = text.find('/');
  const auto colon = text.find(':');
  check(slash != std::string_view::npos && colon != std::string_view::npos && slash < colon, "{}={}: not of cfrun", kRankVariable,
        text);
  RankPlace place;
  place.starter = RankPlace::Starter::cfrun;
  place.rank = number(text.substr(0, slash), kRankVariable);
  place.size = number(text.substr(slash + 1, colon - slash - 1), kRankVariable);
  place.sockets = text.substr(colon + 1);
  place.variable = std::string(kRankVariable) + "=" + std::string(text);
  check(place.rank < place.size, "{}={}: not of cfrun", kRankVariable, text);
  return place;
}

}  // namespace

RankPlace rank_place() {
  const char* ours = std::getenv(kRankVariable);
  if (ours != nullptr && *ours != '\0') return started_by_cfrun(ours);
  for (const Names& names : kLaunchers) {
    const std::optional<int> size = number_of(names.size);
    if (!size || *size == 0 || (*size == 1 && names.alone_is_none)) continue;
    RankPlace place;
    place.starter = RankPlace::Starter::mpi;
    place.rank = number_of(names.rank).value_or(0);
    place.size = *size;
    place.variable = fmt::format("{}={}", names.size, *size);
    return place;
  }
  return {};
}

}  // namespace cf
