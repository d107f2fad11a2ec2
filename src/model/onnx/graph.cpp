// SPDX-License-Identifier: Apache-2.0
// Builds an ONNX graph node by node, with unique names.
#include "model/onnx/graph.hpp"

#include <bit>
#include <type_traits>

#include <slalom/error.hpp>

namespace slalom::onnx_export {
namespace {

static_assert(std::endian::native == std::endian::little, "raw_data of ONNX is little-endian");

constexpr const char* kRows = "N";

template <class Number>
void set_raw(::onnx::TensorProto& tensor, std::span<const Number> values) {
  tensor.set_raw_data(values.data(), values.size_bytes());
}

void set_value(::onnx::AttributeProto& attribute, std::int64_t value) {
  attribute.set_type(::onnx::AttributeProto::INT);
  attribute.set_i(value);
}

void set_value(::onnx::AttributeProto& attribute, float value) {
  attribute.set_type(::onnx::AttributeProto::FLOAT);
  attribute.set_f(value);
}

void set_value(::onnx::AttributeProto& attribute, const Shape& values) {
  attribute.set_type(::onnx::AttributeProto::INTS);
  for (const std::int64_t value : values) attribute.add_ints(value);
}

void set_value(::onnx::AttributeProto& attribute, const std::vector<std::string>& values) {
  attribute.set_type(::onnx::AttributeProto::STRINGS);
  for (const std::string& value : values) attribute.add_strings(value);
}

/// Describes a tensor [N], or [N, columns] if columns > 0.
void describe(::onnx::ValueInfoProto& info, const Value& name, ElementType type, std::int64_t columns,
              const std::string& description) {
  info.set_name(name);
  info.set_doc_string(description);
  ::onnx::TypeProto_Tensor& tensor = *info.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(type);
  tensor.mutable_shape()->add_dim()->set_dim_param(kRows);
  if (columns > 0) tensor.mutable_shape()->add_dim()->set_dim_value(columns);
}

}  // namespace

Value GraphBuilder::unique(const std::string& name) {
  Value candidate = name;
  for (int i = 1; !names_.insert(candidate).second; ++i) candidate = name + "_" + std::to_string(i);
  return candidate;
}

Value GraphBuilder::input(const std::string& name, ElementType type, const std::string& description) {
  if (!name.empty() && names_.count(name) > 0) {
    throw DataError("column '" + name + "' occurs twice in the model, expected different names");
  }
  Value value = unique(name.empty() ? "unnamed" : name);
  describe(*graph_.add_input(), value, type, 1, description);
  return value;
}

::onnx::TensorProto& GraphBuilder::tensor(const std::string& name, const Shape& shape, ElementType type) {
  ::onnx::TensorProto& tensor = *graph_.add_initializer();
  tensor.set_name(unique(name));
  tensor.set_data_type(type);
  for (const std::int64_t size : shape) tensor.add_dims(size);
  return tensor;
}

Value GraphBuilder::constant(const std::string& name, const Shape& shape, std::span<const float> values) {
  ::onnx::TensorProto& made = tensor(name, shape, ::onnx::TensorProto::FLOAT);
  set_raw(made, values);
  return made.name();
}

Value GraphBuilder::constant(const std::string& name, const Shape& shape, std::span<const double> values) {
  ::onnx::TensorProto& made = tensor(name, shape, ::onnx::TensorProto::DOUBLE);
  set_raw(made, values);
  return made.name();
}

Value GraphBuilder::constant(const std::string& name, const Shape& shape, std::span<const std::int64_t> values) {
  ::onnx::TensorProto& made = tensor(name, shape, ::onnx::TensorProto::INT64);
  set_raw(made, values);
  return made.name();
}

Value GraphBuilder::constant(const std::string& name, const Shape& shape, const std::vector<std::string>& values) {
  ::onnx::TensorProto& made = tensor(name, shape, ::onnx::TensorProto::STRING);
  for (const std::string& value : values) made.add_string_data(value);
  return made.name();
}

Value GraphBuilder::add(const Node& node) {
  Value result = unique(node.result);
  ::onnx::NodeProto& made = *graph_.add_node();
  made.set_op_type(node.op);
  made.set_domain(node.domain);
  made.set_name(result);
  for (const Value& input : node.inputs) made.add_input(input);
  made.add_output(result);
  for (const auto& [name, value] : node.attributes) {
    ::onnx::AttributeProto& attribute = *made.add_attribute();
    attribute.set_name(name);
    std::visit([&attribute](const auto& typed) { set_value(attribute, typed); }, value);
  }
  return result;
}

Value GraphBuilder::cast(const Value& value, ElementType to, const std::string& result) {
  return add({.op = "Cast", .inputs = {value}, .result = result, .attributes = {{"to", std::int64_t{to}}}});
}

void GraphBuilder::output(const Value& value, ElementType type, std::int64_t columns, const std::string& description) {
  describe(*graph_.add_output(), value, type, columns, description);
}

}  // namespace slalom::onnx_export
