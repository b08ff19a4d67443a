// Which instructions the CPU backend uses: all that the processor has, or fewer where the environment says so.
#pragma once

namespace cf::cpu {

// Reads CF_CPU: "avx2" keeps our own kernels and oneDNN's to AVX2, as on processors without AVX-512; unset or empty: no limit.
// Throws Error on anything else. To be called before the first kernel runs.
void limit_instructions();

// Whether limit_instructions() keeps to AVX2.
bool limited_to_avx2();

}  // namespace cf::cpu
