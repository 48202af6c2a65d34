/* What make_exodus.sh runs: classic.e and netcdf4.e.
 * Two hexahedra, and a tetrahedron and a wedge on top; T = x + 10 y + 100 z + 1000 t at the nodes,
 * disp = t (x, 2 y, 3 z); heat = 7 * number of the element + t, in the hexahedra and the wedge alone.
 */
#include <exodusII.h>
#include <string.h>

static double x[] = {0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 0};
static double y[] = {0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 1};
static double z[] = {0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2};
static int hexahedra[] = {1, 2, 5, 4, 7, 8, 11, 10, 2, 3, 6, 5, 8, 9, 12, 11};
static int tetrahedron[] = {8, 9, 12, 14};
static int wedge[] = {7, 8, 10, 13, 14, 15};

static void make(const char *path, int mode) {
    int wide = 8, stored = 8, ids[] = {10, 20, 30}, truth[] = {1, 0, 1};
    char *nodal[] = {"T", "disp_x", "disp_y", "disp_z"}, *of_elements[] = {"heat"};
    int file = ex_create(path, mode, &wide, &stored);
    ex_put_init(file, "two hexahedra with a hat", 3, 15, 4, 3, 0, 0);
    ex_put_coord(file, x, y, z);
    ex_put_elem_block(file, ids[0], "HEX8", 2, 8, 0);
    ex_put_elem_block(file, ids[1], "TETRA", 1, 4, 0);
    ex_put_elem_block(file, ids[2], "WEDGE", 1, 6, 0);
    ex_put_elem_conn(file, ids[0], hexahedra);
    ex_put_elem_conn(file, ids[1], tetrahedron);
    ex_put_elem_conn(file, ids[2], wedge);
    ex_put_var_param(file, "n", 4);
    ex_put_var_names(file, "n", 4, nodal);
    ex_put_var_param(file, "e", 1);
    ex_put_var_names(file, "e", 1, of_elements);
    ex_put_elem_var_tab(file, 3, 1, truth);
    for (int step = 1; step <= 3; step++) {
        double t = 0.25 * step, values[4][15], two[] = {7 + t, 14 + t}, one[] = {28 + t};
        ex_put_time(file, step, &t);
        for (int i = 0; i < 15; i++) {
            values[0][i] = x[i] + 10 * y[i] + 100 * z[i] + 1000 * t;
            values[1][i] = t * x[i];
            values[2][i] = t * 2 * y[i];
            values[3][i] = t * 3 * z[i];
        }
        for (int k = 0; k < 4; k++) ex_put_nodal_var(file, step, k + 1, 15, values[k]);
        ex_put_elem_var(file, step, 1, ids[0], 2, two);
        ex_put_elem_var(file, step, 1, ids[2], 1, one);
    }
    ex_close(file);
}

int main(void) {
    make("classic.e", EX_CLOBBER);
    make("netcdf4.e", EX_CLOBBER | EX_NETCDF4);
    return 0;
}
