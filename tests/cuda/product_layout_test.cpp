// SPDX-License-Identifier: Apache-2.0
// Rows of weights that are padded for products: where everything lies, and that kernels find it there.
#include "product_layout.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include <slalom/dataset.hpp>

#include "cuda/device_test.hpp"
#include "cuda/step_rig.hpp"
#include "member_copy.cuh"
#include "optimizer.cuh"

namespace slalom::testing {
namespace {

ModelSpec network(std::int64_t d, std::vector<std::int64_t> hidden, std::int64_t k, bool batch_norm = false) {
  return {
      .kind = ModelKind::kMlp, .n_features = d, .n_outputs = k, .hidden = std::move(hidden), .batch_norm = batch_norm};
}

std::vector<ModelSpec> specs() {
  return {network(7, {9, 5}, 1),    network(1, {3, 2}, 2),  network(17, {24, 11}, 4, true),
          network(5, {5, 5, 5}, 3), network(3, {13}, 10),   network(8, {10, 16}, 1),
          network(123, {40}, 1),    network(90, {7, 8}, 2), network(6, {1, 1}, 1)};
}

/// Where the trainable values of the arena lie for products, by what ProductLayout says of layers. Values between
/// tensors: -1.
std::vector<std::int64_t> places_of(const ParameterLayout& layout, const cuda::ProductLayout& product) {
  std::vector<std::int64_t> places(static_cast<std::size_t>(layout.n_trainable), -1);
  for (std::size_t l = 0; l < layout.layers.size(); ++l) {
    const LayerView& view = layout.layers[l];
    const cuda::ProductLayout::Layer& at = product.layers[l];
    for (std::int64_t i = 0; i < view.outputs; ++i) {
      for (std::int64_t j = 0; j < view.inputs; ++j) {
        places[static_cast<std::size_t>(view.weight + i * view.inputs + j)] = at.weight + i * at.width + j;
      }
      const std::pair<std::int64_t, std::int64_t> vectors[] = {
          {view.bias, at.bias}, {view.gamma, at.gamma}, {view.beta, at.beta}};
      for (const auto& [from, to] : vectors) {
        EXPECT_EQ(from < 0, to < 0);
        if (from >= 0) places[static_cast<std::size_t>(from + i)] = to + i;
      }
    }
  }
  return places;
}

bool needs_padding(const ModelSpec& spec) {
  const ParameterLayout layout(spec);
  return std::any_of(layout.layers.begin(), layout.layers.end(),
                     [](const LayerView& layer) { return layer.inputs > 4 && layer.inputs % 8 != 0; });
}

TEST(ProductLayout, IsTheArenasWhereNothingIsPadded) {
  for (const ModelSpec& spec : {network(7, {9, 5}, 1), network(16, {8}, 3), network(4, {24}, 1)}) {
    const ParameterLayout layout(spec);
    const cuda::ProductLayout product(layout, !needs_padding(spec));
    EXPECT_TRUE(product.tensors.empty());
    EXPECT_EQ(product.size, layout.n_trainable);
    const std::vector<std::int64_t> places = places_of(layout, product);
    for (std::size_t i = 0; i < places.size(); ++i) EXPECT_TRUE(places[i] == -1 || places[i] == std::int64_t(i));
  }
}

TEST(ProductLayout, RowsAreAsLongAsThoseOfActivationsAndNothingOverlaps) {
  for (const ModelSpec& spec : specs()) {
    SCOPED_TRACE(spec.n_features);
    const ParameterLayout layout(spec);
    const cuda::ProductLayout product(layout, true);
    EXPECT_EQ(product.tensors.empty(), !needs_padding(spec));
    for (std::size_t l = 0; l < layout.layers.size(); ++l) {
      const std::int64_t inputs = layout.layers[l].inputs;
      EXPECT_EQ(product.layers[l].width, inputs > 4 ? row_stride(inputs) : inputs);
      EXPECT_EQ(product.layers[l].weight % 8, 0);
    }
    std::set<std::int64_t> taken;
    for (const std::int64_t place : places_of(layout, product)) {
      if (place < 0) continue;
      EXPECT_LT(place, product.size);
      EXPECT_TRUE(taken.insert(place).second) << place;
    }
  }
}

using ProductPlaces = DeviceTest;

TEST_F(ProductPlaces, CopiesHaveEveryValueInItsPlaceAndZerosBetween) {
  const cuda::Stream stream = cuda::make_stream();
  for (const ModelSpec& spec : specs()) {
    SCOPED_TRACE(spec.n_features);
    const ParameterLayout layout(spec);
    const cuda::ProductLayout product(layout, true);
    const std::vector<std::int64_t> places = places_of(layout, product);
    std::vector<float> arena(places.size(), 0.0F);
    for (std::size_t i = 0; i < arena.size(); ++i) {
      if (places[i] >= 0) arena[i] = static_cast<float>(i % 250 + 1);  // exact in bfloat16
    }
    const DeviceArray<float> values(arena);
    const DeviceArray<cuda::ProductTensor> tensors(product.tensors);
    const DeviceArray<std::uint16_t> halves(std::vector<std::uint16_t>(static_cast<std::size_t>(product.size)));
    cuda::launch_half_copy({.values = values.get(),
                            .count = layout.n_trainable,
                            .products = product.tensors.empty() ? nullptr : tensors.get(),
                            .halves = halves.get()},
                           stream.get());
    std::vector<float> expected(static_cast<std::size_t>(product.size), 0.0F);
    for (std::size_t i = 0; i < arena.size(); ++i) {
      if (places[i] >= 0) expected[static_cast<std::size_t>(places[i])] = arena[i];
    }
    const std::vector<std::uint16_t> actual = halves.to_host();
    for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_EQ(to_float(actual[i]), expected[i]) << i;
  }
}

/// What a step with Adam, clipped by norm, makes of an arena.
struct Updated {
  std::vector<float> parameters;
  std::vector<std::uint16_t> halves;
};

/// `gradient` and the result's `halves` are in the products' layout.
Updated step(const ParameterLayout& layout, const cuda::ProductLayout& product, const std::vector<float>& start,
             const std::vector<float>& gradient, cudaStream_t stream) {
  const core::RuleSettings settings = core::resolve_rule({.kind = OptimizerKind::kAdam, .clip_norm = 0.5});
  core::StepClock clock(settings);
  const auto n = static_cast<std::size_t>(layout.n_trainable);
  const DeviceArray<core::StepConstants<float>> constants({core::round_to<float>(clock.advance(0.1))});
  const DeviceArray<float> now(start), next(start), state(std::vector<float>(2 * n)), odd(std::vector<float>(2 * n));
  const DeviceArray<float> g(gradient);
  const DeviceArray<std::uint16_t> halves(std::vector<std::uint16_t>(static_cast<std::size_t>(product.size)));
  const DeviceArray<double> partials(std::vector<double>(cuda::kMostNormBlocks));
  const DeviceArray<cuda::ProductTensor> tensors(product.tensors);
  const StepRig rig({.state = state.get(),
                     .constants = constants.get(),
                     .rule = {.rule = settings.rule, .n_slots = settings.n_slots, .clip_norm = settings.clip_norm}},
                    1);
  const cuda::ProductTensor* products = product.tensors.empty() ? nullptr : tensors.get();
  cuda::launch_gradient_norm({.control = rig.control(),
                              .n_trainable = layout.n_trainable,
                              .products = products,
                              .gradient = g.get(),
                              .partials = partials.get()},
                             stream);
  cuda::launch_optimizer({.control = rig.control(),
                          .n_weights = layout.n_weights,
                          .n_trainable = layout.n_trainable,
                          .products = products,
                          .gradient = g.get(),
                          .parameters = now.get(),
                          .next_parameters = next.get(),
                          .next_state = odd.get(),
                          .half_parameters = halves.get(),
                          .norm_partials = partials.get()},
                         stream);
  EXPECT_EQ(rig.flag(), -1);
  return {next.to_host(), halves.to_host()};
}

TEST_F(ProductPlaces, TheOptimizerTakesTheSameStepFromAPaddedGradient) {
  const cuda::Stream stream = cuda::make_stream();
  for (const ModelSpec& spec : specs()) {
    SCOPED_TRACE(spec.n_features);
    const ParameterLayout layout(spec);
    const cuda::ProductLayout padded(layout, true), plain(layout, false);
    const std::vector<std::int64_t> places = places_of(layout, padded);
    std::vector<float> start = random_floats(layout.n_trainable, 1);
    std::vector<float> gradient = random_floats(layout.n_trainable, 2);
    std::vector<float> padded_gradient(static_cast<std::size_t>(padded.size), 0.0F);
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (places[i] < 0) {
        start[i] = gradient[i] = 0.0F;
      } else {
        padded_gradient[static_cast<std::size_t>(places[i])] = gradient[i];
      }
    }
    const Updated expected = step(layout, plain, start, gradient, stream.get());
    const Updated actual = step(layout, padded, start, padded_gradient, stream.get());
    EXPECT_EQ(actual.parameters, expected.parameters);
    std::vector<std::uint16_t> halves(static_cast<std::size_t>(padded.size), 0);
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (places[i] >= 0) halves[static_cast<std::size_t>(places[i])] = expected.halves[i];
    }
    EXPECT_EQ(actual.halves, halves);
  }
}

}  // namespace
}  // namespace slalom::testing
