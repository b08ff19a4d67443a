#include "framework/ops/batch_reducer.h"

namespace cf::ops {
namespace {

thread_local BatchReducer* installed = nullptr;

}  // namespace

UseBatchReducer::UseBatchReducer(BatchReducer* reducer) : before_(installed) { installed = reducer; }
UseBatchReducer::~UseBatchReducer() { installed = before_; }

BatchReducer* batch_reducer() { return installed; }

}  // namespace cf::ops
