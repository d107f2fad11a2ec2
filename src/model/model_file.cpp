// SPDX-License-Identifier: Apache-2.0
// Saves and loads models as safetensors.
#include <algorithm>
#include <cmath>
#include <cstring>

#include <slalom/error.hpp>
#include <slalom/model.hpp>

#include "core/host_memory.hpp"
#include "data/atomic_file.hpp"
#include "model/model_json.hpp"
#include "model/safetensors.hpp"

namespace slalom {
namespace {

constexpr const char* kFormat = "slalom-1";

std::vector<std::int64_t> shape_of(const TensorView& tensor) {
  return tensor.name.ends_with(".weight") ? std::vector{tensor.rows, tensor.cols} : std::vector{tensor.rows};
}

void read_tensor(const model_io::SafetensorsView& file, const TensorView& tensor, float* into) {
  const model_io::StoredTensor& stored = file.tensor(tensor.name);
  if (stored.type != "F32" || stored.shape != shape_of(tensor)) {
    file.fail("tensor '" + tensor.name + "' has another type or shape than the model needs");
  }
  std::memcpy(into, stored.bytes.data(), stored.bytes.size());
  if (!std::all_of(into, into + tensor.size(), [](float value) { return std::isfinite(value); })) {
    file.fail("tensor '" + tensor.name + "' holds a value that is not finite");
  }
}

Model model_of(const model_io::SafetensorsView& file) {
  const std::string& format = file.metadata("format");
  if (format != kFormat) {
    file.fail("format is '" + format + "', this version of slalom reads '" + kFormat + "'");
  }
  try {
    return model_io::from_json(file.metadata("model"));
  } catch (const DataError& error) {
    file.fail(error.what());
  }
}

void write_model(const Model& model, const std::string& path) {
  model_io::NamedTensors tensors;
  for (const TensorView& tensor : ParameterLayout(model.spec).tensors) {
    const auto* const first = reinterpret_cast<const char*>(model.parameters.data() + tensor.offset);
    tensors.emplace_back(
        tensor.name, model_io::StoredTensor{
                         "F32", shape_of(tensor), {first, static_cast<std::size_t>(tensor.size()) * sizeof(float)}});
  }
  AtomicFile file(path);
  model_io::write_safetensors(file, {{"format", kFormat}, {"model", model_io::to_json(model)}}, tensors);
  file.commit();
}

Model read_model(const std::string& path) {
  const std::string bytes = model_io::read_safetensors(path, "model");
  const model_io::SafetensorsView file(path, bytes, "model");
  Model model = model_of(file);
  const ParameterLayout layout(model.spec);
  if (file.n_tensors() != layout.tensors.size()) {
    file.fail("found " + std::to_string(file.n_tensors()) + " tensors, expected " +
              std::to_string(layout.tensors.size()));
  }
  std::int64_t n_values = 0;
  for (const TensorView& tensor : layout.tensors) n_values += tensor.size();
  // Before anything of that size is made: the spec could claim terabytes.
  if (static_cast<std::uint64_t>(n_values) > bytes.size() / sizeof(float))
    file.fail("the model has more parameters than the file holds");
  model.parameters.assign(static_cast<std::size_t>(layout.n_total), 0.0F);
  for (const TensorView& tensor : layout.tensors) read_tensor(file, tensor, model.parameters.data() + tensor.offset);
  return model;
}

}  // namespace

void save_model(const Model& model, const std::string& path) {
  core::name_shortage("writing ", path, [&] { write_model(model, path); });
}

Model load_model(const std::string& path) {
  return core::name_shortage("reading ", path, [&] { return read_model(path); });
}

}  // namespace slalom
