"""Times how isovox opens and writes files beside its peers, on the same files in the same run; voxels are compared first.

Usage: files.py BENCH_PROGRAM [--slices 275] [--threads 1] [--out results.json] [--only TEXT]
A synthetic chest (275x512x512, int16, HU) as the project's speed goals define it. CPU seconds of one thread, best of three;
needs numpy, scipy, opencv, pydicom with pylibjpeg-openjpeg, pylibjpeg-libjpeg and pyjpegls, SimpleITK, nibabel, tifffile.
"""
import argparse
import hashlib
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"):
    os.environ[variable] = "1"

import cv2
import nibabel
import numpy as np
import pydicom
import SimpleITK as sitk
import tifffile
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, RLELossless
from scipy import ndimage

cv2.setNumThreads(1)
SPACING = (0.7, 0.7, 1.36)


def chest(slices):
    z, y, x = np.meshgrid(*(np.linspace(-1, 1, n, dtype=np.float32) for n in (slices, 512, 512)), indexing="ij", sparse=True)
    v = np.full((slices, 512, 512), -1000, np.float32)
    body = (x / 0.88) ** 2 + (y / 0.62) ** 2 + 0 * z
    v[body < 1] = -90
    v[body < 0.86] = 40
    smooth = ndimage.gaussian_filter(np.random.default_rng(7).standard_normal(v.shape, dtype=np.float32), (2, 4, 4))
    vessels = smooth > 2 * smooth.std()
    for side in (-0.38, 0.38):
        lung = ((x - side) / 0.3) ** 2 + (y / 0.42) ** 2 + (z / 0.92) ** 2 < 1
        v[lung] = -860
        v[lung & vessels] = 30
    v[np.broadcast_to((x / 0.1) ** 2 + ((y - 0.42) / 0.12) ** 2 < 1, v.shape)] = 500
    v[np.broadcast_to((x**2 + (y + 0.12) ** 2 < 0.035**2) & (z < 0.1), v.shape)] = -990
    v[np.broadcast_to((np.abs(y - 0.7) < 0.015) & (np.abs(x) < 0.8), v.shape)] = 100
    v += 20 * np.random.default_rng(8).standard_normal(v.shape, dtype=np.float32)
    return np.clip(np.rint(v), -1024, 3071).astype(np.int16)


def write_series(folder, volume, syntax):
    """One file a slice under shuffled names, 12 bits unsigned, intercept -1024."""
    folder.mkdir()
    names = list(range(len(volume)))
    random.Random(0).shuffle(names)
    uid = pydicom.uid.generate_uid(entropy_srcs=["series"])
    for k, plane in enumerate(volume):
        meta = FileMetaDataset()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
        meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid(entropy_srcs=["slice", str(k)])
        d = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
        d.SOPClassUID, d.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
        d.SeriesInstanceUID = d.StudyInstanceUID = uid
        d.Modality, d.SeriesNumber, d.InstanceNumber = "CT", 1, k + 1
        d.ImagePositionPatient, d.ImageOrientationPatient = [-179, -179, round(k * SPACING[2], 4)], [1, 0, 0, 0, 1, 0]
        d.PixelSpacing, d.SliceThickness = list(SPACING[:2]), SPACING[2]
        d.Rows, d.Columns = plane.shape
        d.SamplesPerPixel, d.PhotometricInterpretation, d.PixelRepresentation = 1, "MONOCHROME2", 0
        d.BitsAllocated, d.BitsStored, d.HighBit = 16, 12, 11
        d.RescaleSlope, d.RescaleIntercept = 1, -1024
        d.PixelData = (plane.astype(np.int32) + 1024).astype("<u2").tobytes()
        d["PixelData"].VR = "OW"
        if syntax is not None:
            d.compress(syntax, generate_instance_uid=False)
        d.save_as(folder / f"{names[k]:05}.dcm", enforce_file_format=True)


def by_pydicom(folder):
    slices = sorted((pydicom.dcmread(f) for f in folder.iterdir()), key=lambda d: float(d.ImagePositionPatient[2]))
    return np.stack([(d.pixel_array.astype(np.int32) + int(d.RescaleIntercept)).astype(np.int16) for d in slices])


def by_sitk(folder):
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return sitk.GetArrayFromImage(reader.Execute())


def headers(folder):
    return [pydicom.dcmread(f, stop_before_pixels=True).ImagePositionPatient for f in folder.iterdir()]


def timed(call, runs=3):
    best, result = None, None
    for _ in range(runs):
        before = time.process_time()
        result = call()
        spent = time.process_time() - before
        best = spent if best is None else min(best, spent)
    return best, result


def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array).astype("<i2").tobytes()).hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("--slices", type=int, default=275)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--out")
    a = parser.parse_args()
    volume = chest(a.slices)
    image = sitk.GetImageFromArray(volume)
    image.SetSpacing(SPACING)
    with tempfile.TemporaryDirectory() as place:
        at = Path(place)

        def series(name, syntax):
            return lambda: write_series(at / name, volume, syntax)

        def sitk_file(name, compress):
            return lambda: sitk.WriteImage(image, str(at / name), useCompression=compress)

        def nifti(name):
            return lambda: nibabel.save(nibabel.Nifti1Image(volume.T, np.diag([*SPACING, 1])), at / name)

        def slices_of(name, ending):
            def write():
                (at / name).mkdir()
                for k, plane in enumerate(volume):
                    cv2.imwrite(str(at / name / f"{k:04}.{ending}"), (plane.astype(np.int32) + 1024).astype(np.uint16))
            return write

        def stacked(name):
            return np.stack([cv2.imread(str(f), cv2.IMREAD_UNCHANGED) for f in sorted((at / name).iterdir())])

        def read(name):
            return sitk.GetArrayFromImage(sitk.ReadImage(str(at / name)))

        stored = (volume.astype(np.int32) + 1024).astype(np.uint16)
        cases = [
            ("DICOM series, raw", "open", "raw", series("raw", None), [("pydicom", by_pydicom), ("SimpleITK", by_sitk)], 2.5),
            ("DICOM headers only", "headers", "raw", None, [("pydicom", headers)], 7.0),
            ("DICOM JPEG-LS", "open", "jls", series("jls", JPEGLSLossless), [("SimpleITK", by_sitk)], 1.2),
            ("DICOM JPEG 2000", "open", "j2k", series("j2k", JPEG2000Lossless), [("SimpleITK", by_sitk)], 1.2),
            ("DICOM RLE", "open", "rle", series("rle", RLELossless), [("pydicom", by_pydicom)], 4.0),
            (".nii.gz to array", "open", "a.nii.gz", nifti("a.nii.gz"), [("SimpleITK", lambda f: read(f.name)), ("nibabel", lambda f: np.asarray(nibabel.load(f).dataobj).T)], 2.0),
            ("MHA zlib", "open", "b.mha", sitk_file("b.mha", True), [("SimpleITK", lambda f: read(f.name))], 1.9),
            ("NRRD gz", "open", "c.nrrd", sitk_file("c.nrrd", True), [("SimpleITK", lambda f: read(f.name))], 1.9),
            ("TIFF deflate + predictor", "open", "d.tif", lambda: tifffile.imwrite(at / "d.tif", stored, compression="zlib", predictor=True), [("tifffile", tifffile.imread)], 1.8),
            ("TIFF slices", "open", "tif", slices_of("tif", "tif"), [("cv2", lambda f: stacked(f.name))], 2.0),
            ("PNG slices", "open", "png", slices_of("png", "png"), [("cv2", lambda f: stacked(f.name))], 3.0),
            ("save .nii.gz", "save", "raw", None, [("nibabel (level 1)", lambda f: nifti("saved.nii.gz")())], 3.0),
        ]
        out = []
        for name, what, where, make, peers, goal in (c for c in cases if a.only in c[0]):
            if make is not None:
                make()
            path = at / where
            command = [a.program, what, str(path), str(at / "ours.nii.gz"), str(a.threads), "3"]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode != 0:
                print(f"{name:26} {done.stderr.strip()}", file=sys.stderr)
                continue
            ours = json.loads(done.stdout)
            best = min(((timed(lambda: peer(path)), peer_name) for peer_name, peer in peers), key=lambda p: p[0][0])
            (peer_s, result), peer_name = best
            agreed = "not compared here" if what != "open" else digest(result) == ours["result"]
            if agreed is False:
                raise SystemExit(f"{name}: voxels differ from those of {peer_name}, no time counts")
            row = {"case": name, "threads": a.threads, "ours_s": ours["cpu_s"], "peer": peer_name, "peer_s": peer_s, "ratio": peer_s / ours["cpu_s"], "goal": goal, "agreement": agreed, "ours_mb": ours["peak_mb"]}
            print(f"{name:26} ours {row['ours_s']:.3f} s  {peer_name} {peer_s:.3f} s  {row['ratio']:.1f}x  goal {goal}x  agreement {agreed}  {ours['peak_mb']:.0f} MB", flush=True)
            out.append(row)
    if a.out:
        record = {"machine": f"{platform.machine()}, {os.cpu_count()} cores", "date": time.strftime("%Y-%m-%d"), "command": f"files.py --slices {a.slices} --threads {a.threads}", "cases": out}
        Path(a.out).write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
