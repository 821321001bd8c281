/* Answers lsecheck's questions about logsumexp in float32, until there are no more. */
#include <stdio.h>
#include <stdlib.h>

float logsumexp(const float *x, size_t n); /* max_shift.c */

int main(void) {
    char line[200];
    while (fgets(line, sizeof line, stdin)) {
        size_t rows, n;
        if (sscanf(line, "lsecheck 1 logsumexp float32 float32 %zu %zu", &rows, &n) != 2) return 2;
        float *x = malloc((n + 1) * sizeof *x);
        for (size_t row = 0; row < rows; row++) {
            if (fread(x, sizeof *x, n, stdin) != n) return 1;
            float answer = logsumexp(x, n);
            fwrite(&answer, sizeof answer, 1, stdout);
        }
        fflush(stdout);
        free(x);
    }
    return 0;
}
