#include "framework/io/event_messages.h"

#include "framework/core/check.h"

#ifdef CF_HAVE_PROTOBUF
#include "framework/io/events.pb.h"

namespace cf::event_messages {
namespace {

events::Value& start(events::Event& event, const Place& place) {
  event.set_wall_time(place.wall_time);
  event.set_step(place.step);
  events::Value* value = event.mutable_summary()->add_value();
  value->set_tag(std::string(place.tag));
  return *value;
}

}  // namespace

bool available() { return true; }

std::string file_version(double wall_time) {
  events::Event event;
  event.set_wall_time(wall_time);
  event.set_file_version("brain.Event:2");
  return event.SerializeAsString();
}

std::string scalar(const Place& place, double value) {
  events::Event event;
  start(event, place).set_simple_value(static_cast<float>(value));
  return event.SerializeAsString();
}

std::string image(const Place& place, const ImageSize& size, std::string_view encoded) {
  events::Event event;
  events::Image* image = start(event, place).mutable_image();
  image->set_height(size.height);
  image->set_width(size.width);
  image->set_colorspace(size.channels);
  image->set_encoded_image_string(std::string(encoded));
  return event.SerializeAsString();
}

std::string text(const Place& place, std::string_view text) {
  constexpr int kText = 7;
  events::Event event;
  events::Value& value = start(event, place);
  value.mutable_metadata()->mutable_plugin_data()->set_plugin_name("text");
  value.mutable_tensor()->set_dtype(kText);
  value.mutable_tensor()->mutable_tensor_shape()->add_dim()->set_size(1);
  value.mutable_tensor()->add_string_val(std::string(text));
  return event.SerializeAsString();
}

}  // namespace cf::event_messages

#else

namespace cf::event_messages {
namespace {

[[noreturn]] std::string unavailable() { fail("TensorBoard events: this program was built without protobuf"); }

}  // namespace

bool available() { return false; }
std::string file_version(double) { unavailable(); }
std::string scalar(const Place&, double) { unavailable(); }
std::string image(const Place&, const ImageSize&, std::string_view) { unavailable(); }
std::string text(const Place&, std::string_view) { unavailable(); }

}  // namespace cf::event_messages
#endif
