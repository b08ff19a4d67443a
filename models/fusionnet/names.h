// The names of FusionNet's published state dict and ours.
#pragma once

#include <string>
#include <string_view>

namespace cf::fusionnet {

// Our name of a published parameter; empty where the network has no such layer. The published network lists its blocks twice,
// as res1 to res4 and as backbone.0 to backbone.3.
std::string name_of_published(std::string_view published);

}  // namespace cf::fusionnet
