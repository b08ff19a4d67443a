// The methods themselves, each with everything it needs settled.
#pragma once

#include <memory>

#include "data/classical/method.h"

namespace cf::classical {

std::unique_ptr<Method> make_exp();
std::unique_ptr<Method> make_brovey(const Settings& settings);
std::unique_ptr<Method> make_gsa(const Settings& settings);
std::unique_ptr<Method> make_bt_h(const Settings& settings);
std::unique_ptr<Method> make_mtf_glp_fs(const Settings& settings);

}  // namespace cf::classical
