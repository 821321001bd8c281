/* log(sum(exp(x))), shifted by the maximum so that exp cannot overflow. */
#include <math.h>
#include <stddef.h>

float logsumexp(const float *x, size_t n) {
    float largest = -INFINITY, sum = 0;
    for (size_t i = 0; i < n; i++) largest = fmaxf(largest, x[i]);
    for (size_t i = 0; i < n; i++) sum += expf(x[i] - largest);
    return largest + logf(sum);
}
