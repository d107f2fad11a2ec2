// SPDX-License-Identifier: Apache-2.0
// Networks trained on the device follow the float64 reference step by step.
#include <algorithm>
#include <limits>

#include "cuda/device_test.hpp"
#include "cuda/network_problem.hpp"

namespace slalom::testing {
namespace {

// Float32 rounds by 6e-8; a gradient element is a sum of some 100 products through at most four layers, and the runs
// have at most 26 steps at rates of 0.01 and less, each adding its error to the parameters: 2e-5 is some 10 times the
// largest error to be expected, and far below the change of a single step (about 1e-3) that a wrong formula would show
// in.
constexpr double kTolerance = 2e-5;

class NetworkEngine : public DeviceTest {};

TEST_F(NetworkEngine, FollowsTheReference) { expect_follows_reference({}, kTolerance); }

TEST_F(NetworkEngine, FollowsTheReferenceForEveryActivation) {
  for (const auto& [activation, name] : EnumNames<Activation>::kNames) {
    for (const bool batch_norm : {false, true}) {
      for (const double dropout : {0.0, 0.4}) {
        NetworkProblem p;
        p.spec.activation = activation;
        p.spec.batch_norm = batch_norm;
        p.spec.dropout = dropout;
        SCOPED_TRACE(std::string(batch_norm ? "batch norm" : "") + (dropout > 0.0 ? " dropout" : ""));
        expect_follows_reference(p, kTolerance);
      }
    }
  }
}

}  // namespace
}  // namespace slalom::testing
