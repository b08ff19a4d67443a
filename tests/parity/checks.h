// The checks of one fixture file each. All attributes and sizes come from the file.
#pragma once

#include "tests/harness/fixture.h"
#include "tests/parity/report.h"

namespace cf::parity {

// Whether a check knows the operator fixture `name` (a file of ops/).
bool knows_op(const std::string& name);
// Throws Error where none knows it.
void check_op(const test::Fixture& f, Report& report);

void check_cf2n(const test::Fixture& f, Report& report);
void check_cf2n_adam_steps(const test::Fixture& f, Report& report);

void check_ssdiff(const test::Fixture& f, Report& report);
// Of ssdiff_eval: the same by way of a file with published names.
void check_ssdiff_import(const test::Fixture& f, Report& report);
void check_ssdiff_steps(const test::Fixture& f, Report& report);
void check_schedule(const test::Fixture& f, Report& report);
void check_q_sample(const test::Fixture& f, Report& report);
void check_sampler(const test::Fixture& f, Report& report);

}  // namespace cf::parity
