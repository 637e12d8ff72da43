import type { Vm } from "../../../stacks/estate";

/** Users of the cloud images that may use sudo without a password; the other images know no cloud-init. */
export const loginUsers: Readonly<Partial<Record<Vm["image"], string>>> = {
  "debian-12": "debian",
  "ubuntu-22.04": "ubuntu",
  "ubuntu-24.04": "ubuntu",
};

/** Who logs in on a machine that cloud-init sets up, with the administrator's key. */
export function loginUser(image: Vm["image"]): string {
  const user = loginUsers[image];
  if (user === undefined) throw new Error(`the loader let pass that cloud-init sets up a machine with image ${image}`);
  return user;
}
