// The names of SSDiff's published state dict and ours.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cf::ssdiff {

// Layers, published name first: a parameter or buffer "<layer>.<rest>" of one is "<layer>.<rest>" of the other.
const std::vector<std::pair<std::string, std::string>>& layer_names();

// Our name of a published parameter or buffer; empty where the network has no such layer.
std::string name_of_published(std::string_view published);

// Whether a published name belongs to what the published forward pass never reads (layers that are declared and not called,
// counters of batch normalisation), which an importer may skip.
bool is_published_unused(std::string_view published);

}  // namespace cf::ssdiff
