"""All paths of applications."""

from fastapi import APIRouter

from api_server.applications import deployments_router, interfaces_router, modules_router

router = APIRouter()
router.include_router(modules_router.router)
router.include_router(interfaces_router.router)
router.include_router(deployments_router.router)
