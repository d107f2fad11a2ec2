// SPDX-License-Identifier: Apache-2.0
// The training kernel of small networks without the barriers of crew.cuh.
#define launch_small_train launch_small_train_no_barrier
#include "small_train.cu"
