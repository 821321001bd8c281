/* Every signature that docs/subjects.md allows, in double, float and bfloat16. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static double widened(uint16_t bits) {
    uint32_t whole = (uint32_t)bits << 16;
    float number;
    memcpy(&number, &whole, 4);
    return number;
}

static uint16_t narrowed(double number) { /* of finite numbers: through float, ties to even */
    float single = (float)number;
    uint32_t whole;
    memcpy(&whole, &single, 4);
    return (uint16_t)((whole + 0x7fff + (whole >> 16 & 1)) >> 16);
}

#define AS_IT_IS(x) (x)

#define DEFINE(NAME, T, WIDE, NARROW)                                                                      \
    T lse_##NAME(const T *x, size_t n) {                                                                   \
        double largest = -INFINITY, sum = 0;                                                               \
        for (size_t i = 0; i < n; i++) largest = fmax(largest, WIDE(x[i]));                                \
        for (size_t i = 0; i < n; i++) sum += exp(WIDE(x[i]) - largest);                                   \
        return NARROW(largest + log(sum));                                                                 \
    }                                                                                                      \
    void lse_batch_##NAME(const T *x, size_t rows, size_t n, T *out) {                                     \
        for (size_t row = 0; row < rows; row++) out[row] = lse_##NAME(x + row * n, n);                     \
    }                                                                                                      \
    void softmax_##NAME(const T *x, size_t n, T *out) {                                                    \
        double shift = WIDE(lse_##NAME(x, n));                                                             \
        for (size_t i = 0; i < n; i++) out[i] = NARROW(exp(WIDE(x[i]) - shift));                           \
    }                                                                                                      \
    void softmax_batch_##NAME(const T *x, size_t rows, size_t n, T *out) {                                 \
        for (size_t row = 0; row < rows; row++) softmax_##NAME(x + row * n, n, out + row * n);             \
    }                                                                                                      \
    T add_##NAME(T a, T b) {                                                                               \
        T x[2] = {a, b};                                                                                   \
        return lse_##NAME(x, 2);                                                                           \
    }                                                                                                      \
    void add_batch_##NAME(const T *a, const T *b, size_t n, T *out) {                                      \
        for (size_t i = 0; i < n; i++) out[i] = add_##NAME(a[i], b[i]);                                    \
    }                                                                                                      \
    T loss_##NAME(const T *x, size_t n, int64_t label) {                                                   \
        return NARROW(WIDE(lse_##NAME(x, n)) - WIDE(x[label]));                                            \
    }                                                                                                      \
    void loss_batch_##NAME(const T *x, size_t rows, size_t n, const int64_t *labels, T *out) {             \
        for (size_t row = 0; row < rows; row++) out[row] = loss_##NAME(x + row * n, n, labels[row]);       \
    }

DEFINE(float64, double, AS_IT_IS, AS_IT_IS)
DEFINE(float32, float, AS_IT_IS, AS_IT_IS)
DEFINE(bfloat16, uint16_t, widened, narrowed)

void unwritten_float64(const double *x, size_t rows, size_t n, double *out) { /* forgets the last row */
    lse_batch_float64(x, rows - 1, n, out);
}

float from_bfloat16(const uint16_t *x, size_t n) { /* -f bfloat16:float32 */
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += exp(widened(x[i]));
    return (float)log(sum);
}

uint8_t first_bits(const uint8_t *x, size_t n) { return n ? x[0] : 0; } /* of a float8 format */
