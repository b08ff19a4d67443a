// The methods of `cfrun fuse` by name: networks from checkpoints, and classical ones.
#pragma once

#include <memory>
#include <string>

#include "data/scene/method.h"
#include "tools/cfrun/scene_options.h"
#include "tools/cfrun/session.h"

namespace cf {

struct ChosenMethod {
  std::unique_ptr<Session> session;  // of networks; outlives the method
  std::unique_ptr<SceneMethod> method;
  std::string key;     // "cf2n", "mtf-glp-fs"
  std::string title;   // "CF2N"
  std::string sensor;  // whose data it is made for; empty: any

  bool is_network() const { return session != nullptr; }
};

// Throws Error for an unknown method, a network without a checkpoint, a checkpoint of another network, and options that belong
// to other methods.
ChosenMethod choose_method(const FuseOptions& options);

}  // namespace cf
