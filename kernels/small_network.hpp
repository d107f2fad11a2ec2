// SPDX-License-Identifier: Apache-2.0
// Networks that one thread block trains out of its own shared memory: their shape, and the rule that says which do.
#pragma once

#include <cstdint>
#include <optional>

#include <slalom/config.hpp>

#include "core/hd.hpp"

namespace slalom::cuda {

/// Quotients by a divisor that is fixed for a run: exact for dividends and divisors below 2^16.
struct Divider {
  unsigned divisor = 1;
  unsigned factor = 0;  ///< ceil(2^32 / divisor); not used for 1
  [[nodiscard]] SLALOM_HD unsigned divide(unsigned n) const {
    return divisor == 1 ? n : static_cast<unsigned>(static_cast<std::uint64_t>(n) * factor >> 32U);
  }
};

/// Four floats, what a thread loads from shared memory at once.
[[nodiscard]] SLALOM_HD constexpr int quads_of(int n) { return (n + 3) / 4; }

/// Floats from one row of a matrix of n columns in shared memory to the next: an odd number of quads, so that the same
/// quad of 8 neighbouring rows lies in 8 different groups of 4 banks.
[[nodiscard]] SLALOM_HD constexpr int small_pitch(int n) { return 4 * (quads_of(n) | 1); }

/// A dense layer. Offsets are in floats: `weight` into the arena (ParameterLayout), the others into the block's copy of
/// the values, where a weight matrix has quads of rows, the last ones zero, small_pitch(inputs) apart, and everything
/// behind the weights lies as in the arena.
struct SmallLayer {
  int inputs = 0, outputs = 0;
  int weight = 0;  ///< in the arena
  int matrix = 0;  ///< [4 * quads_of(outputs), small_pitch(inputs)]
  int bias = -1, gamma = -1, beta = -1, running_mean = -1, running_var = -1;  ///< -1: has none
  int column = 0;  ///< sum of small_pitch(outputs) of the layers below
  Divider inputs_divider, quads_divider;
};

inline constexpr int kMostSmallLayers = 8;

/// A spec as the kernels take it.
struct SmallNetwork {
  int n_layers = 0;
  int n_features = 0, n_outputs = 0;
  int n_targets = 0;                                ///< values of a row's target: n_outputs, or 1 label
  int n_weights = 0, n_trainable = 0, n_total = 0;  ///< of ParameterLayout
  int vectors = 0;                                  ///< values of all weight matrices: where the rest begins
  int hidden_columns = 0;                           ///< sum of small_pitch(outputs) of the hidden layers
  Activation activation = Activation::kRelu;
  LossKind loss = LossKind::kMse;
  float loss_constant = 0.0F;
  float dropout = 0.0F;
  bool batch_norm = false;
  SmallLayer layers[kMostSmallLayers];

  [[nodiscard]] SLALOM_HD int values() const { return vectors + n_total - n_weights; }
  [[nodiscard]] SLALOM_HD int gradients() const { return vectors + n_trainable - n_weights; }
  [[nodiscard]] SLALOM_HD int columns() const { return hidden_columns + small_pitch(n_outputs); }
};

/// nullopt for models without hidden layers, with more than kMostSmallLayers layers, or with so many values that no
/// block's memory could hold them.
[[nodiscard]] std::optional<SmallNetwork> small_network(const ModelSpec& spec);

/// Offsets, in floats, into a block's shared memory.
struct SmallMemory {
  int values = 0;      ///< [net.values()]
  int gradient = 0;    ///< [net.gradients()]
  int state = 0;       ///< [n_slots, n_trainable], or nothing
  int sums = 0;        ///< [2, warps] double: losses, squares of the gradient
  int constants = 0;   ///< [2] StepConstants: of this step and the next
  int rows = 0;        ///< [2, tile rows]: of this tile and the next, as the three below
  int x = 0;           ///< [2, tile rows, small_pitch(n_features)]
  int targets = 0;     ///< [2, tile rows, n_targets] or labels
  int weights = 0;     ///< [2, tile rows]
  int hidden = 0;      ///< layer after layer [tile rows, small_pitch(outputs)]: what the next layer sees
  int deltas = 0;      ///< the same with the last layer: first h'(z), then the loss's derivative by z
  int normalised = 0;  ///< the same of the hidden layers, batch normalisation: (z - mean) / deviation
  int inverse = 0;     ///< [hidden columns], batch normalisation: 1 / deviation
  int total = 0;
};

inline constexpr int kSmallWarps = 8;  ///< most of a block

/// How one member is trained.
struct SmallPlan {
  int tile_rows = 0;  ///< rows that go through the layers together; 0: it does not fit
  int warps = 0;
  bool state_in_shared = false;  ///< else the optimiser's state stays in global memory
  SmallMemory memory;
  [[nodiscard]] SLALOM_HD bool fits() const { return tile_rows > 0; }
  [[nodiscard]] SLALOM_HD unsigned bytes() const { return 4U * static_cast<unsigned>(memory.total); }
};

/// The most floating-point operations of a step, 6 x batch x weights, for which one multiprocessor is worth it. By
/// estimate, not yet by measurement: it does 256 a clock at best, this kernel perhaps half of that, so these take some
/// 37 us at 1.7 GHz; a graph step of small products is 3 L + 2 kernels that wait for each other, each 2 to 3 us from
/// start to start however small: 22 to 33 us for two hidden layers. A population, which graphs train member by member,
/// tips the balance further.
inline constexpr std::int64_t kMostSmallStepOperations = 8'000'000;

/// The rule: a pure function of the network, the member's batch size and its optimiser's slots, never of other members
/// or of how steps are cut into launches, since it fixes the order of sums. Takes the largest tile of which 1, 2, 3,
/// ... make a batch and that fits `shared_bytes` with the optimiser's state beside it; if that is less than 16 rows,
/// with the state in global memory. Batch normalisation needs the whole batch in one tile.
[[nodiscard]] SLALOM_HD SmallPlan small_plan(const SmallNetwork& net, std::int64_t batch_size, int n_slots,
                                             int shared_bytes);

/// Shared memory for predictions: the values and two tiles of activations.
struct SmallPredictPlan {
  int tile_rows = 0;  ///< 0: it does not fit
  int pitch = 0;      ///< of the widest layer, the input included
  int total = 0;      ///< floats
  [[nodiscard]] SLALOM_HD bool fits() const { return tile_rows > 0; }
  [[nodiscard]] SLALOM_HD unsigned bytes() const { return 4U * static_cast<unsigned>(total); }
};
[[nodiscard]] SmallPredictPlan small_predict_plan(const SmallNetwork& net, int shared_bytes);

// --- the rule, inline because kernels evaluate it for their member, too

/// Memory of a tile of `tile_rows` rows; state_floats: of the optimiser's state kept here.
[[nodiscard]] SLALOM_HD SmallMemory small_memory(const SmallNetwork& net, int tile_rows, int state_floats) {
  SmallMemory memory;
  int end = 0;
  const auto place = [&end](int& offset, int floats) {
    offset = end;
    end += quads_of(floats) * 4;
  };
  place(memory.values, net.values());
  place(memory.gradient, net.gradients());
  place(memory.state, state_floats);
  place(memory.sums, 2 * 2 * kSmallWarps);
  place(memory.constants, 2 * 16);
  place(memory.rows, 2 * tile_rows);
  place(memory.x, 2 * tile_rows * small_pitch(net.n_features));
  place(memory.targets, 2 * tile_rows * net.n_targets);
  place(memory.weights, 2 * tile_rows);
  place(memory.hidden, tile_rows * net.hidden_columns);
  place(memory.deltas, tile_rows * net.columns());
  place(memory.normalised, net.batch_norm ? tile_rows * net.hidden_columns : 0);
  place(memory.inverse, net.batch_norm ? net.hidden_columns : 0);
  memory.total = end;
  return memory;
}

/// Warps enough for one 4 x 4 tile of the largest product a thread.
[[nodiscard]] SLALOM_HD int small_warps(const SmallNetwork& net, int tile_rows) {
  int warps = 2;
  for (int l = 0; l < net.n_layers; ++l) {
    const SmallLayer& layer = net.layers[l];
    const int forward = quads_of(tile_rows) * quads_of(layer.outputs);
    const int weights = quads_of(layer.inputs) * quads_of(layer.outputs);
    while (warps < kSmallWarps && warps * 32 < (forward > weights ? forward : weights)) warps *= 2;
  }
  return warps;
}

SLALOM_HD SmallPlan small_plan(const SmallNetwork& net, std::int64_t batch_size, int n_slots, int shared_bytes) {
  constexpr int kFewestTileRows = 16;  // that one tile should have before the state leaves shared memory
  constexpr int kMostTileRows = 128;
  std::int64_t n_matrix = 0;
  for (int l = 0; l < net.n_layers; ++l) n_matrix += net.layers[l].inputs * net.layers[l].outputs;
  if (batch_size > kMostSmallStepOperations || 6 * batch_size * n_matrix > kMostSmallStepOperations) return {};
  const int batch = static_cast<int>(batch_size);
  SmallPlan plan;
  for (int choice = 0; choice < 2; ++choice) {
    const bool in_shared = choice == 0;
    for (int pieces = net.batch_norm ? 1 : (batch + kMostTileRows - 1) / kMostTileRows;; ++pieces) {
      const int rows = quads_of((batch + pieces - 1) / pieces) * 4;
      const SmallMemory memory = small_memory(net, rows, in_shared ? n_slots * net.n_trainable : 0);
      if (4 * memory.total <= shared_bytes) {
        return {.tile_rows = rows, .warps = small_warps(net, rows), .state_in_shared = in_shared, .memory = memory};
      }
      if (net.batch_norm || rows <= (in_shared ? kFewestTileRows : 4)) break;
    }
  }
  return plan;
}

}  // namespace slalom::cuda
