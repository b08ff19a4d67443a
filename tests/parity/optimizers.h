// The optimizers' fixtures: a tensor and the gradients of five steps.
#pragma once

#include "tests/parity/checks.h"

namespace cf::parity {

bool knows_optimizer(const std::string& name);
void check_optimizer(const test::Fixture& f, const Setting& setting, double tolerance, Report& report);

}  // namespace cf::parity
