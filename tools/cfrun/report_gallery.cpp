#include "tools/cfrun/report_gallery.h"

#include <algorithm>
#include <cmath>

namespace cf {

Gallery::Gallery(std::int64_t images, std::int64_t room) : images_(images), room_(std::min(images, room)) {}

// Without what is kept for the best and the worst one, the room is spread evenly, from the first image on.
bool Gallery::planned(std::int64_t image) const {
  if (room_ >= images_) return true;
  const std::int64_t spread = std::max<std::int64_t>(room_ - 2, 0);
  for (std::int64_t i = 0; i < spread; ++i) {
    if (image == images_ * i / spread) return true;
  }
  return false;
}

// What was the best or the worst one and is no longer; `kept_` loses it where nothing else holds it.
void Gallery::drop(const std::optional<Extreme>& extreme) {
  if (!extreme || planned(extreme->image)) return;
  const bool held = (best_ && best_->image == extreme->image) || (worst_ && worst_->image == extreme->image);
  if (!held) kept_.erase(extreme->image);
}

void Gallery::offer(std::int64_t image, double score, const std::function<Viewer()>& make) {
  if (room_ < 1) return;
  const std::optional<Extreme> best = best_;
  const std::optional<Extreme> worst = worst_;
  // With room for one image only, that is the worst one.
  const bool is_worst = !std::isnan(score) && (!worst_ || score < worst_->score);
  const bool is_best = !std::isnan(score) && room_ > 1 && (!best_ || score > best_->score);
  if (is_worst) worst_ = {image, score};
  if (is_best) best_ = {image, score};
  if (planned(image) || is_worst || is_best) kept_[image] = make();
  if (is_worst) drop(worst);
  if (is_best) drop(best);
}

std::vector<Gallery::Entry> Gallery::entries() const {
  std::vector<Entry> shown;
  const bool named = images_ > 2 && best_ && worst_ && best_->image != worst_->image;
  for (const auto& [image, viewer] : kept_) {
    shown.push_back({image, named && best_->image == image, named && worst_->image == image, &viewer});
  }
  return shown;
}

}  // namespace cf
