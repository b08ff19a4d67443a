// What must be the same on all ranks that train one network together.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "data/dataset.h"
#include "tools/cfrun/session.h"

namespace cf {

// Names and short values, for compare_ranks().
using RunFacts = std::vector<std::pair<std::string, std::string>>;

RunFacts facts_of(const Experiment& experiment);
// Of a data set by its shape and the values of some of its samples, not by its place: machines may have copies of their own.
RunFacts facts_of(const std::string& what, const Dataset& set);
// Of the weights that a run starts from, and the steps that they have.
RunFacts facts_of(const Session& session, std::int64_t step);

}  // namespace cf
