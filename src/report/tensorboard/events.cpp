// SPDX-License-Identifier: Apache-2.0
// Fills in what TensorBoard's plugins look for.
#include "report/tensorboard/events.hpp"

#include <chrono>

namespace slalom::report {
namespace {

namespace tb = slalom::tensorboard;

/// All is in the metadata; the tensor is empty.
void add_hyperparameters(tb::Event& event, const char* what, const tb::HyperParameters& content) {
  tb::Value& value = *event.mutable_summary()->add_value();
  value.set_tag(std::string("_hparams_/") + what);
  value.mutable_tensor()->set_type(tb::Tensor::FLOAT);
  value.mutable_tensor()->mutable_shape()->add_dimension()->set_size(0);
  value.mutable_metadata()->mutable_plugin()->set_name("hparams");
  value.mutable_metadata()->mutable_plugin()->set_content(content.SerializeAsString());
  value.mutable_metadata()->set_data_class(tb::TENSOR);
}

google::protobuf::Value value_of(const HyperParameter& value) {
  google::protobuf::Value result;
  if (const bool* flag = std::get_if<bool>(&value)) result.set_bool_value(*flag);
  if (const double* number = std::get_if<double>(&value)) result.set_number_value(*number);
  if (const std::string* text = std::get_if<std::string>(&value)) result.set_string_value(*text);
  return result;
}

}  // namespace

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

tb::Event event_at(std::int64_t step) {
  tb::Event event;
  event.set_wall_time(seconds_now());
  event.set_step(step);
  return event;
}

void add_scalar(tb::Event& event, const std::string& tag, double number) {
  tb::Value& value = *event.mutable_summary()->add_value();
  value.set_tag(tag);
  value.set_number(static_cast<float>(number));
  value.mutable_metadata()->mutable_plugin()->set_name("scalars");
  value.mutable_metadata()->set_data_class(tb::SCALAR);
}

/// The plugin reads Markdown, in which what is indented by four blanks stays as it is.
void add_text(tb::Event& event, const std::string& tag, const std::string& text) {
  std::string code = "    ";
  for (const char c : text) code += c == '\n' ? std::string("\n    ") : std::string(1, c);
  tb::Value& value = *event.mutable_summary()->add_value();
  value.set_tag(tag);
  value.mutable_tensor()->set_type(tb::Tensor::STRING);
  value.mutable_tensor()->mutable_shape();
  value.mutable_tensor()->add_text(code);
  value.mutable_metadata()->mutable_plugin()->set_name("text");
  value.mutable_metadata()->set_data_class(tb::TENSOR);
}

tb::Event file_version() {
  tb::Event event = event_at(0);
  event.set_file_version("brain.Event:2");
  return event;
}

tb::Event run_begins_at(std::int64_t step) {
  tb::Event event = event_at(step);
  event.mutable_session_log()->set_status(tb::SessionLog::START);
  return event;
}

tb::Event session_start(const HyperParameters& values, const std::string& group) {
  tb::HyperParameters content;
  auto& fields = *content.mutable_start()->mutable_hyper_parameters();
  for (const auto& [name, value] : values) fields[name] = value_of(value);
  content.mutable_start()->set_group(group);
  content.mutable_start()->set_time(seconds_now());
  tb::Event event = event_at(0);
  add_hyperparameters(event, "session_start_info", content);
  return event;
}

tb::Event session_end(bool success) {
  tb::HyperParameters content;
  content.mutable_end()->set_status(success ? tb::SessionEnd::SUCCESS : tb::SessionEnd::FAILURE);
  content.mutable_end()->set_time(seconds_now());
  tb::Event event = event_at(0);
  add_hyperparameters(event, "session_end_info", content);
  return event;
}

void append(EventFile& file, const std::vector<tb::Event>& events) {
  std::vector<std::string> records;
  records.reserve(events.size());
  for (const tb::Event& event : events) records.push_back(event.SerializeAsString());
  file.append(records);
}

}  // namespace slalom::report
